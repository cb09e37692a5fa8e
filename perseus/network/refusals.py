"""Servers of the store that refuse writes: what that costs, told once for each as it begins and as it ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from perseus import keys
from perseus.errors import StoreRefusesWrites
from perseus.network.exchange import Exchange
from perseus.network.refusing import Refusing
from perseus.outage import Outage
from perseus.store.batch import Batch

log = logging.getLogger(__name__)


class Refusals:
    """What a reader knows of them. For one thread at a time."""

    def __init__(self, told_to: logging.Logger = log) -> None:
        self._log = told_to
        self._outages: dict[tuple[str, int | None], Outage] = {}

    @property
    def are_on(self) -> bool:
        """Does one refuse, as far as the log was told?"""
        return bool(self._outages)

    def told(self, batch: Batch, exchanges: Sequence[Exchange]) -> tuple[Refusing, ...]:
        """Each server of this batch that refuses writes; the log hears of what is new, and of what is over."""
        errors = batch.refusals()
        for error in errors:
            cost = of(batch, error, exchanges).cost
            begins, ends = f"{cost[:1].upper()}{cost[1:]}", f"The data store at {_named(error)} takes writes again."
            self._outages.setdefault((error.where, error.slot), Outage(self._log, begins, ends)).failed(error)
        for ended in self._outages.keys() - {(error.where, error.slot) for error in errors}:
            self._outages.pop(ended).done()
        return tuple(of(batch, error, exchanges) for error in errors)


def of(batch: Batch, error: StoreRefusesWrites, exchanges: Sequence[Exchange]) -> Refusing:
    """Which leases and logs are kept by the server that gave this error to the batch."""
    leases = [one.name for one in exchanges if batch.refusal(keys.status(one.id)) is error]
    logs = [one.name for one in exchanges if batch.refusal(keys.activity(one.name)) is error]
    is_all = len(leases) == len(logs) == len(exchanges)
    return Refusing(error.where, error.code, tuple(leases), tuple(logs), is_all, error.slot)


def _named(error: StoreRefusesWrites) -> str:
    return error.where if error.slot is None else f"{error.where}, slot {error.slot},"

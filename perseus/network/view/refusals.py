"""Servers of the store that refuse writes: what that costs, told once for each as it begins and as it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from perseus import keys
from perseus.errors import PerseusError, StoreRefusesWrites, StoreRightsMissing
from perseus.network.exchange import Exchange
from perseus.network.view.refusing import Refusing
from perseus.outage import Outage
from perseus.store.batch import Batch
from perseus.store.refusal import NO_RIGHT

Server = tuple[str, int | None]
#: Gives the servers that withhold rights which are seen in no answer to a reading.
Lacking = Callable[[], tuple[Refusing, ...]]

log = logging.getLogger(__name__)


class Refusals:
    """What a reader knows of them. For one thread at a time."""

    def __init__(self, told_to: logging.Logger = log, lacking: Lacking = tuple) -> None:
        self._log = told_to
        self._lacking = lacking
        self._outages: dict[Server, Outage] = {}

    @property
    def are_on(self) -> bool:
        """Does one refuse, as far as the log was told?"""
        return bool(self._outages)

    def told(self, batch: Batch, exchanges: Sequence[Exchange]) -> tuple[Refusing, ...]:
        """Each server that refuses writes, else each that withholds rights; the log hears as that begins and ends."""
        errors: dict[Server, PerseusError] = {(one.where, one.slot): one for one in batch.refusals()}
        found = tuple(of(batch, error, exchanges) for error in batch.refusals()) or self._lacking()
        for one in found:
            error = errors.setdefault((one.where, one.slot), _missing(one))
            begins = f"{one.cost[:1].upper()}{one.cost[1:]}"
            ends = f"The data store at {_named(one)} {_good(one)} again."
            self._outages.setdefault((one.where, one.slot), Outage(self._log, begins, ends)).failed(error)
        for ended in self._outages.keys() - errors.keys():
            self._outages.pop(ended).done()
        return found


def of(batch: Batch, error: StoreRefusesWrites, exchanges: Sequence[Exchange]) -> Refusing:
    """Which leases and logs are kept by the server that gave this error to the batch."""
    leases = [one.name for one in exchanges if batch.refusal(keys.status(one.id)) is error]
    logs = [one.name for one in exchanges if batch.refusal(keys.activity(one.name)) is error]
    is_all = len(leases) == len(logs) == len(exchanges)
    return Refusing(error.where, error.code, tuple(leases), tuple(logs), is_all, error.slot)


def _named(one: Refusing) -> str:
    return one.where if one.slot is None else f"{one.where}, slot {one.slot},"


def _missing(one: Refusing) -> StoreRightsMissing:
    return StoreRightsMissing(one.where, f"{NO_RIGHT}: its user may not: {', '.join(one.lacks)}")


def _good(one: Refusing) -> str:
    return "gives all rights" if one.lacks else "takes writes"

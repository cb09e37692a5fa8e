"""Which instances of one reading seem stuck, for who reads now and then: the pages know their logs already."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.log.chronicle import Chronicle
from perseus.network.log.usual import Usual, exceeded, may_exceed, usual
from perseus.network.view.networkview import NetworkView
from perseus.store import Client


class StuckReader:
    """Reads the logs of those exchanges alone that a log could call stuck; again, what is new of them."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._asked: tuple[Exchange, ...] = ()
        self._chronicle = Chronicle(client, lambda: self._asked, clock)

    def of(self, view: NetworkView) -> Mapping[Exchange, Usual]:
        """What each of them exceeds. Nothing is said of logs that cannot be read at the moment."""
        suspects = [status for status in view.exchanges if may_exceed(status, view.now_ms)]
        self._asked = tuple(status.exchange for status in suspects)
        try:
            self._chronicle.refresh()
        except PerseusError:
            return {}
        found = {}
        for status in suspects:
            history = self._chronicle.of(status.exchange)
            exceeds = exceeded(status, view.now_ms, functools.partial(usual, history)) if history else None
            if exceeds is not None:
                found[status.exchange] = exceeds
        return found

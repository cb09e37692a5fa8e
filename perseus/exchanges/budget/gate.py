"""The gate before new connections: how often one may be tried, and how long to wait after a failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from perseus.exchanges.budget.window import Window
from perseus.exchanges.wire.request import Limit
from perseus.exchanges.wire.transport import Answer, Kind

CONNECT_SECONDS = 10.0
FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
SHARE = 0.6
REFUSALS = {403, 418, 429}
UNTOLD_SECONDS = 120.0
"""How long to keep away after a refusal that gives no time: the shortest ban of Binance."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One attempt to connect. `name`: in the ledger. `seconds`: how long its handshake is to be waited for."""

    name: str = ""
    seconds: float = CONNECT_SECONDS


class Gate(Protocol):
    """Says when a connection may be tried. All connections from one address to one exchange share one."""

    async def enter(self) -> Turn:
        """Return when one more may be tried, at once; it is counted then."""

    async def over(self, turn: Turn, kind: Kind | None = None) -> None:
        """What became of that attempt; None: a WebSocket."""

    async def refused(self, answer: Answer) -> None:
        """The exchange answered with this in place of a WebSocket: it may tell us to keep away."""

    async def opened(self) -> None:
        """A connection is open and answers: the exchange lives."""

    async def message(self) -> None:
        """Return when one message may be sent on any of them, where all from one address are counted together."""


class LocalGate:
    """A Gate for one process: 60 % of the limit at most, strictly, and no try while the exchange wants none."""

    def __init__(self, limit: Limit, time: Callable[[], float]) -> None:
        self._window = Window(max(2, int(limit.amount * SHARE)), limit.interval_ms / 1000, time)
        self._time = time
        self._closed_until = 0.0

    async def enter(self) -> Turn:
        await self._window.enter()
        while (wait := self._closed_until - self._time()) > 0:
            await asyncio.sleep(wait)
        return Turn()

    async def over(self, turn: Turn, kind: Kind | None = None) -> None:
        """Nothing is kept of it."""

    async def refused(self, answer: Answer) -> None:
        if answer.status in REFUSALS:
            told = answer.headers.get("retry-after", "")
            seconds = float(told) if told.isdecimal() else UNTOLD_SECONDS
            self._closed_until = max(self._closed_until, self._time() + seconds)

    async def opened(self) -> None:
        """Nothing waits for it here."""

    async def message(self) -> None:
        """Nobody else is known of here."""


class Backoff:
    """Waits between tries: at random from 0.5 s to a limit that doubles from 1 s to 30 s, without end.

    Chance over the whole length keeps many connections that broke at once from coming back at once.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._most = 2 * FIRST_SECONDS

    def wait(self, at_least: float = FIRST_SECONDS) -> float:
        """Seconds to wait now."""
        most, self._most = self._most, min(2 * self._most, LONGEST_SECONDS)
        return self._chance.uniform(min(at_least, LONGEST_SECONDS), max(most, min(2 * at_least, LONGEST_SECONDS)))

    def reset(self) -> None:
        """It has worked for a while: the next loss begins anew."""
        self._most = 2 * FIRST_SECONDS

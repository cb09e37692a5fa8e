"""Pairs whose requests are not answered while others are: they rest, ever longer, and hold up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from perseus.errors import PerseusError, StoreUnavailable
from perseus.exchanges.rest import TIMEOUT_SECONDS, Rest
from perseus.exchanges.resterrors import RestError, Unheard
from perseus.market.candle import Pair

LOOK_SECONDS, SOUND_SECONDS = 0.5, 0.1
BEFORE_SECONDS, AFTER_SECONDS = 10.0, 5.0
"""What was not answered is held against its pair where others were: so long before it was sent at most, or while it was
waited for, and so long after it was given up at most."""
FIRST_SECONDS, LONGEST_SECONDS = 10.0, 240.0
"""Between two requests for the same: at first, and at most; twice as long each time."""
MANY, SHORT_SECONDS = 8, 4.0
"""Once so many hang, the others of a warmup are waited for no longer than this."""
MOST = 3
"""So many of them are asked for at a time: others are asked for at the same time."""


class NotYet(PerseusError):
    """Raised in place of a request for a pair that hangs: it is not its time."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(f"{pair} is asked for later: it was not answered before.")


@dataclass
class _Hung:
    """`until`: loop time (s) from when on it may be asked for; `times`: not answered since it was known to hang."""

    why: str
    until: float = 0.0
    times: int = 0


@dataclass(frozen=True)
class _Suspect:
    """Given up at `ended`, loop time (s)."""

    request: Unheard
    ended: float
    why: str

    def is_fair(self, answered_at: float) -> bool:
        """Were others answered, the last one then, when it was sent and when it was given up?"""
        sent, before = self.request
        was_answering = before >= sent - BEFORE_SECONDS or answered_at <= self.ended
        return sent < answered_at <= self.ended + AFTER_SECONDS and was_answering


class Hanging:
    """Those of one engine. Whether `rest` answers at all is found out by asking it for the time.

    `chance()` gives 0 to 1: rests are shortened by up to half, so that not all of them end at once. `is_waiting()`:
    does a warmup wait for some pair?
    """

    def __init__(self, rest: Rest, chance: Callable[[], float], is_waiting: Callable[[], bool]) -> None:
        self._rest, self._chance, self._is_waiting = rest, chance, is_waiting
        self._under_way = 0
        self._hung: dict[Pair, _Hung] = {}
        self._suspects: dict[Pair, _Suspect] = {}

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._hung

    def __bool__(self) -> bool:
        return bool(self._hung)

    def why(self, pair: Pair) -> str | None:
        """Why it is held to hang, None: it is not."""
        hung = self._hung.get(pair)
        return hung.why if hung else None

    def is_of(self, symbol: str) -> bool:
        """Does any pair of this symbol hang?"""
        return any(pair.symbol == symbol for pair in self._hung)

    def rests(self, pair: Pair) -> bool:
        """Is it not to be asked for now?"""
        hung = self._hung.get(pair)
        return hung is not None and (self._under_way >= MOST or asyncio.get_running_loop().time() < hung.until)

    def patience(self, pair: Pair) -> float:
        """Seconds to wait for an answer."""
        is_short = len(self._hung) >= MANY and pair not in self._hung
        return SHORT_SECONDS if is_short else TIMEOUT_SECONDS

    @contextmanager
    def asked(self, pair: Pair) -> Iterator[None]:
        """Around a request for it."""
        counts = pair in self._hung
        self._under_way += counts
        try:
            yield
        finally:
            self._under_way -= counts

    def unanswered(self, pair: Pair, request: Unheard, why: str) -> None:
        """It was asked for, and nothing came in time. Alone that says nothing of the pair."""
        now = asyncio.get_running_loop().time()
        if pair in self._hung:
            self._rest_on(self._hung[pair], now)
        else:
            self._suspects[pair] = _Suspect(request, now, why)
            self._look(now)

    def answered(self, pair: Pair) -> None:
        """Something came for it: so it may for the others."""
        self._suspects.pop(pair, None)
        if self._hung.pop(pair, None):
            self.forgive()

    def forgive(self) -> None:
        """Each that hangs may be asked for now."""
        for hung in self._hung.values():
            hung.until, hung.times = 0.0, 0

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sound_on(), name="sounding")
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                self._look(asyncio.get_running_loop().time())

    async def _sound_on(self) -> None:
        """What hangs has the exchange taken for silent, and nothing but that asked one at a time."""
        while True:
            await asyncio.sleep(SOUND_SECONDS)
            is_wanted = self._hung or self._suspects or self._is_waiting()
            if is_wanted and self._rest.silent_since is not None:
                with suppress(RestError, StoreUnavailable):
                    await self._rest.sound()

    def _look(self, now: float) -> None:
        for pair, one in list(self._suspects.items()):
            if one.is_fair(self._rest.answered_at):
                del self._suspects[pair]
                self._hung[pair] = _Hung(one.why)
                self._rest_on(self._hung[pair], now)
            elif now > one.ended + AFTER_SECONDS:
                del self._suspects[pair]

    def _rest_on(self, hung: _Hung, now: float) -> None:
        seconds = min(FIRST_SECONDS * 2 ** min(hung.times, 9), LONGEST_SECONDS)
        hung.until, hung.times = now + seconds * (1 - self._chance() / 2), hung.times + 1

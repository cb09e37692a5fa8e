"""Keeps the exchange's clock right: asks for the time anew when what is heard does not agree with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from perseus.errors import PerseusError
from perseus.exchanges.clock import JUMP_MS, ExchangeClock

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 60.0
"""Between two times that the exchange is asked, however doubtful its answers are."""
MARGIN_MS = 5_000


class Asking(Protocol):
    """Asks the exchange for its time. Raises PerseusError."""

    async def calibrate(self) -> None: ...


class Memory(Protocol):
    """What outlives a process of the exchange's time.

    `was_ahead_ms`: how far the process before had been ahead of the time that the exchange tells now; 0: not at all.
    """

    @property
    def was_ahead_ms(self) -> int: ...

    async def keep_time(self) -> None:
        """Remember it as it is known now. Raises PerseusError."""


class Timekeeper:
    """`unsay(since, until)` is told of exchange time that may have passed while the clock was ahead, once it has again.

    Not before: whatever is learnt until then would seem to be older than what was learnt by the wrong time. `since` is
    0, all that is known: an exchange whose own clock is ahead confirms ours, so nobody knows since when it was.
    """

    def __init__(
        self, clock: ExchangeClock, rest: Asking, unsay: Callable[[int, int], None], memory: Memory | None = None
    ) -> None:
        self._clock = clock
        self._rest = rest
        self._unsay = unsay
        self._memory = memory

    async def run(self) -> None:
        """Work until cancelled."""
        if self._memory is not None and self._memory.was_ahead_ms > JUMP_MS:
            self._unsay_later(self._clock.now_ms() + self._memory.was_ahead_ms, self._memory.was_ahead_ms)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._clock.is_doubtful:
                await self._ask()
                if self._memory is not None:
                    with suppress(PerseusError):
                        await self._memory.keep_time()
                await asyncio.sleep(AGAIN_SECONDS)

    async def _ask(self) -> None:
        time = asyncio.get_running_loop().time
        shown_ms, at = self._clock.now_ms(), time()
        with suppress(PerseusError):
            await self._rest.calibrate()
        expected_ms = shown_ms + round((time() - at) * 1000)
        ahead_ms = expected_ms - self._clock.now_ms()
        if ahead_ms > JUMP_MS:
            self._unsay_later(expected_ms, ahead_ms)

    def _unsay_later(self, until_ms: int, ahead_ms: int) -> None:
        wait = (ahead_ms + MARGIN_MS) / 1000
        asyncio.get_running_loop().call_later(wait, self._unsay, 0, until_ms + MARGIN_MS)

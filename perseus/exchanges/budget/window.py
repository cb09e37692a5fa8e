"""A strict limit on what is sent: never more than so many in any span of time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable


class Window:
    """At most `most` in any `span` seconds, by `time()`.

    A bucket that fills up again lets twice as many through in one span; exchanges that count strictly end the
    connection for it. The last place is kept for what is urgent, which so never waits for all else. `shared()` is
    awaited before: others count with us.
    """

    def __init__(
        self, most: int, span: float, time: Callable[[], float], shared: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        if most < 2:
            raise ValueError(f"A window of {most} leaves no place beside the urgent one.")
        self._most = most
        self._span = span
        self._time = time
        self._shared = shared
        self._entered: deque[float] = deque(maxlen=most)
        self._turn = asyncio.Lock()

    async def enter(self) -> None:
        """Wait for a place, in the order of asking."""
        async with self._turn:
            if self._shared is not None:
                await self._shared()
            await self._place(self._most - 1)

    async def enter_urgently(self) -> None:
        """Wait for a place before all others, which is there at once but in a flood."""
        await self._place(self._most)

    def renew(self) -> None:
        """The last one is known to have arrived only now: it counts from now on."""
        if self._entered:
            self._entered[-1] = self._time()

    def wait(self, most: int) -> float:
        """Seconds until fewer than `most` are in the span that ends now."""
        if len(self._entered) < most:
            return 0.0
        return max(0.0, self._entered[-most] + self._span - self._time())

    async def _place(self, most: int) -> None:
        while (wait := self.wait(most)) > 0:
            await asyncio.sleep(wait)
        self._entered.append(self._time())

"""Those of one process who wait for the ledger, the most urgent first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable

from perseus.exchanges.budget.book import Never, Priority
from perseus.exchanges.budget.tooheavy import TooHeavy

LONGEST_WAIT = 15.0
"""Seconds after which is asked again in any case: limits may have been raised."""
SHORTEST_WAIT = 0.001


class Wish:
    """One request or connect that waits to be granted. `held`: seconds to wait for its answer, 0 as usual."""

    def __init__(self, weight: int, priority: Priority, name: str = "") -> None:
        self.weight = weight
        self.priority = priority
        self.name = name
        self.held = 0.0
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Line:
    """Asks for one wish at a time, so that a more urgent one that comes later goes first.

    `ask(wish, is_more)` charges it: None when it may go, Never, or the seconds to wait. `is_more`: others of its class
    wait here. Its errors go to all who wait.
    """

    def __init__(self, ask: Callable[[Wish, bool], Awaitable[float | Never | None]]) -> None:
        self._ask = ask
        self._queue: list[tuple[Priority, int, Wish]] = []
        self._numbers = itertools.count()
        self._changed = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    async def wait(self, wish: Wish) -> None:
        """Return when it may go. Raises TooHeavy, and what `ask` raises."""
        heapq.heappush(self._queue, (wish.priority, next(self._numbers), wish))
        self.hurry()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_for_all(), name="ledger")
            self._asking.add_done_callback(self._ended)
        await wish.granted

    def hurry(self) -> None:
        """Something has changed: ask again now."""
        self._changed.set()

    async def _ask_for_all(self) -> None:
        while (wish := self._first()) is not None:
            self._changed.clear()
            is_more = any(each is not wish and each.priority == wish.priority for _, _, each in self._queue)
            answer = await self._ask(wish, is_more)
            if isinstance(answer, float):
                await self._pause(answer)
            elif not wish.granted.done():
                _end(wish, answer)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)):
                await self._changed.wait()
        except TimeoutError:
            return

    def _first(self) -> Wish | None:
        while self._queue and self._queue[0][2].granted.done():
            heapq.heappop(self._queue)
        return self._queue[0][2] if self._queue else None

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None and not task.cancelled():
            return
        queue, self._queue = self._queue, []
        for wish in (wish for _, _, wish in queue if not wish.granted.done()):
            if error is None:
                wish.granted.cancel()
            else:
                wish.granted.set_exception(error)


def _end(wish: Wish, answer: Never | None) -> None:
    if answer is None:
        wish.granted.set_result(None)
    else:
        wish.granted.set_exception(TooHeavy(wish.weight, answer.limit, answer.most))

"""Asks the exchange for what is missing, the most urgent pair first.

A pair that waits is in line once, and what it lacks is looked up when its turn comes: the longer the line, the more
one call brings.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from itertools import count

from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.history import History
from perseus.ingest.backoff import Backoff
from perseus.ingest.engine.reasking import next_range
from perseus.ingest.engine.series import Series
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Range

WORKERS = 8

Fetch = Callable[[Pair, Range, Priority], Awaitable[tuple[int, History]]]
"""Candles of a range, and the exchange's time when it was asked."""
Ended = Callable[[Pair, Exception | None, bool], None]


class Repairs:
    """`fetch` asks; `take` is given what came of it; `fail` is told of what did not, and says whether to try again.

    `most`: candles in one answer. `now_ms`: the exchange's time. `chance()` gives 0 to 1, and spreads waits. `ended`
    is told of each pair whose turn is over, with what went wrong and whether that is for good.
    """

    def __init__(
        self,
        fetch: Fetch,
        take: Callable[[Series, list[Candle]], None],
        fail: Callable[[Series, Exception], bool],
        now_ms: Callable[[], int],
        most: int,
        chance: Callable[[], float] = random.random,
        ended: Ended = lambda *_: None,
    ) -> None:
        self._fetch, self._take, self._fail, self._ended = fetch, take, fail, ended
        self._now_ms, self._most, self._chance = now_ms, most, chance
        self._line: list[tuple[tuple[int, int, int], int, Series]] = []
        self._wanted: dict[Pair, Priority] = {}
        self._asking: set[Pair] = set()
        self._backoffs: dict[Pair, Backoff] = {}
        self._numbers = count()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.calls = 0

    def want(self, series: Series, priority: Priority) -> None:
        """Have asked for whatever the series lacks when its turn comes. Wanted again more urgently, it moves ahead."""
        pair = series.pair
        known = self._wanted.get(pair)
        if known is not None and known <= priority:
            return
        self._wanted[pair] = priority
        self._push(series, priority)
        self._idle.clear()

    def _push(self, series: Series, priority: Priority) -> None:
        number = next(self._numbers)
        heapq.heappush(self._line, ((priority, -series.pair.timeframe.rank, number), number, series))
        self._work.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._ask_on())

    async def drained(self) -> None:
        """Until nobody waits."""
        await self._idle.wait()

    @property
    def waiting(self) -> int:
        """Pairs that are in line or being asked for."""
        return len(self._wanted.keys() | self._asking)

    async def _ask_on(self) -> None:
        while True:
            while not self._line:
                self._work.clear()
                await self._work.wait()
            (priority, _, _), _, series = heapq.heappop(self._line)
            if self._wanted.get(series.pair) != priority or series.pair in self._asking:
                continue
            del self._wanted[series.pair]
            self._asking.add(series.pair)
            try:
                await self._ask(series, Priority(priority))
            finally:
                self._asking.discard(series.pair)
                if series.pair in self._wanted:  # its turn came meanwhile
                    self._push(series, self._wanted[series.pair])
                if not self._wanted and not self._asking:
                    self._idle.set()

    async def _ask(self, series: Series, priority: Priority) -> None:
        asked = None if series.is_refused else next_range(series, self._now_ms(), self._most)
        if asked is None:
            self._ended(series.pair, None, True)
            return
        self.calls += 1
        try:
            asked_ms, history = await self._fetch(series.pair, asked, priority)
        except Exception as error:  # noqa: BLE001  # the boundary to the exchange: the other pairs go on
            is_worth_it = self._fail(series, error)
            if is_worth_it:
                self._later(series, priority)
            self._ended(series.pair, error, not is_worth_it)
            return
        self._take(series, series.fetched(asked, asked_ms, history, history.refused))
        if not series.coverage.unverified(*asked):  # any other answer may take turns with errors for ever
            self._backoffs.pop(series.pair, None)
        self._ended(series.pair, None, True)
        if next_range(series, self._now_ms(), self._most):
            self._later(series, priority)

    def _later(self, series: Series, priority: Priority) -> None:
        """Not at once, for REST may lag behind the stream for some seconds."""
        wait = self._backoffs.setdefault(series.pair, Backoff(self._chance)).wait()
        asyncio.get_running_loop().call_later(wait, self.want, series, priority)

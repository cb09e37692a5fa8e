"""The warmups of one engine: the first, before it is active, and those that are asked for later.

Each scans what is sure of all pairs, writes what lacks into the schedule, and has exactly that fetched. What lies
deeper than that is filled afterwards, behind everything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from uuid import uuid4

from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.resterrors import RateLimited
from perseus.ingest.engine.series import Series
from perseus.market.candle import Pair
from perseus.warmup.progress import Progress
from perseus.warmup.reporter import Reporter
from perseus.warmup.run import Run
from perseus.warmup.scan import SUFFICIENT, Known, scan
from perseus.warmup.stats import Stats

NO_FAILURE = (RateLimited, StoreUnavailable)
"""Of no symbol: all wait until it is over, and this one is asked for again."""


class Warming:
    """`series`: filled before the first warmup. `progress(run_id)` begins to count; `now_ms`: exchange time.

    `doubted` is told of each series of which nothing is believed any more, so that a next process does not either.
    """

    def __init__(
        self,
        series: Mapping[Pair, Series],
        want: Callable[[Series, Priority], None],
        reporter: Reporter,
        progress: Callable[[str], Progress],
        now_ms: Callable[[], int],
        doubted: Callable[[Series], None],
    ) -> None:
        self._series = series
        self._want = want
        self._reporter = reporter
        self._progress = progress
        self._now_ms = now_ms
        self._doubted = doubted
        self._run: Run | None = None
        self._asked: tuple[str, bool] | None = None
        self._wanted = asyncio.Event()
        self._has_begun = False

    @property
    def has_begun(self) -> bool:
        """Has the first scan been made? Before that nothing needs to be asked for: it will see all."""
        return self._has_begun

    @property
    def stats(self) -> Stats | None:
        """How the latest stood within the last second; from any thread."""
        return self._reporter.latest

    def announce(self) -> None:
        """The first one comes as soon as the streams are live."""
        self._begin(uuid4().hex)

    async def first(self) -> None:
        """Until the first is over, and whatever was asked for meanwhile."""
        assert self._run is not None, "it was not announced"
        await self._work(self._run)
        while self._asked is not None:
            await self._next()

    async def serve(self) -> None:
        """Do what is asked for, until cancelled."""
        while True:
            await self._wanted.wait()
            await self._next()
            self.deepen()

    def again(self, run_id: str, *, is_full: bool) -> None:
        """One more, in place of one that goes on; `is_full`: nothing that is there is believed."""
        self._asked = run_id, is_full
        self._wanted.set()
        self.stop()

    def cancel(self) -> None:
        """Fetch nothing more that is past; what the streams bring from now on is kept complete."""
        self._asked = None
        self._wanted.clear()
        self.stop()
        for series in self._series.values():
            series.forgo(self._now_ms())

    def stop(self) -> None:
        """End the one that goes on."""
        if self._run is not None:
            self._run.cancel()

    def asking(self, pair: Pair) -> None:
        """The exchange is being asked for this pair."""
        if self._run is not None:
            self._run.asked(pair)

    def ended(self, pair: Pair, error: Exception | None, is_final: bool) -> None:
        """It was fetched, or not."""
        if self._run is not None and not isinstance(error, NO_FAILURE):
            self._run.ended(pair, error, is_final=is_final)

    def deepen(self) -> None:
        """From now on as much as is kept is to be complete, filled in behind everything else."""
        now_ms = self._now_ms()
        for series in self._series.values():
            series.depth = series.full_depth
            if not series.is_refused and series.missing(now_ms, 1):
                self._want(series, Priority.WARMUP)

    def _begin(self, run_id: str) -> Run:
        progress = self._progress(run_id)
        self._run = Run(progress, self._reporter, lambda pair: self._want(self._series[pair], Priority.WARMUP))
        return self._run

    async def _next(self) -> None:
        assert self._asked is not None
        (run_id, is_full), self._asked = self._asked, None
        self._wanted.clear()
        now_ms = self._now_ms()
        for series in self._series.values():
            series.first_ms = 0
            if is_full:
                series.depth = series.full_depth
                series.unsay(series.window(now_ms)[0], now_ms)
                self._doubted(series)
        await self._work(self._begin(run_id))

    async def _work(self, run: Run) -> None:
        now_ms = self._now_ms()
        for series in self._series.values():
            series.depth = min(series.full_depth, SUFFICIENT)
        known = [Known(pair, series.coverage, series.window(now_ms)) for pair, series in self._series.items()]
        self._has_begun = True
        await run.work(list(self._series), scan(known))

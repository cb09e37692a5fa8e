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
from perseus.exchanges.resterrors import NoAnswer, RateLimited
from perseus.ingest.engine.failing import Failing
from perseus.ingest.engine.hanging import Hanging, NotYet
from perseus.ingest.engine.ports import Ports
from perseus.ingest.engine.series import Series
from perseus.market.candle import Pair
from perseus.warmup.progress import Progress
from perseus.warmup.run import Run
from perseus.warmup.scan import SUFFICIENT, Known, scan
from perseus.warmup.stats import Stats

NO_FAILURE = (RateLimited, StoreUnavailable)
"""Of no symbol: all wait until it is over, and this one is asked for again."""


class Warming:
    """`series`: filled before the first warmup. `progress(run_id)` begins to count.

    `doubted` is told of each series of which nothing is believed any more, so that a next process does not either.
    `hanging`: pairs that are not answered while others are; `failing` is told which a warmup went on without.
    """

    def __init__(
        self,
        ports: Ports,
        series: Mapping[Pair, Series],
        want: Callable[[Series, Priority], None],
        progress: Callable[[str], Progress],
        doubted: Callable[[Series], None],
        hanging: Hanging,
        failing: Failing,
    ) -> None:
        self._ledger, self._reporter, self._now_ms = ports.ledger, ports.reporter, ports.clock.now_ms
        self._series, self._want, self._progress, self._doubted = series, want, progress, doubted
        self._hanging, self._failing = hanging, failing
        self._run: Run | None = None
        self._asked: tuple[str, bool] | None = None
        self._wanted = asyncio.Event()
        self._has_begun = False

    @property
    def has_begun(self) -> bool:
        """Has the first scan been made? Before that nothing needs to be asked for: it will see all."""
        return self._has_begun

    @property
    def is_fetching(self) -> bool:
        """Does one wait for what is asked for?"""
        return self._run is not None and bool(self._run.left)

    def awaits(self, pair: Pair) -> bool:
        """Does one wait for this?"""
        return self._run is not None and pair in self._run.left

    def goes_behind(self, pair: Pair) -> bool:
        """Is it to wait for others of this warmup? One that hangs for all that do not; else one of a symbol of which
        something hangs for all other symbols.
        """
        if self._run is None or not self._hanging.is_of(pair.symbol):
            return False
        if pair in self._hanging:
            return any(one not in self._hanging for one in self._run.left)
        return any(not self._hanging.is_of(symbol) for symbol in {one.symbol for one in self._run.left})

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
        if self._run is None or isinstance(error, NotYet) or (isinstance(error, NoAnswer) and error.is_brief):
            return
        if isinstance(error, NO_FAILURE):
            self._run.held_up()
        else:
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
        self._hanging.forgive()
        self._run = Run(progress, self._reporter, self._fetch, self._hanging.why, lambda: bool(self._ledger.held_up))
        return self._run

    def _fetch(self, pair: Pair) -> None:
        self._want(self._series[pair], Priority.WARMUP)

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
        for pair, why in run.given_up.items():
            self._failing.failed(pair, why)

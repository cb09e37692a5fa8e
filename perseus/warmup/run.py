"""One warmup: fetches what its schedule names, in order, and ends in one of three ways whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from perseus.market.candle import Pair
from perseus.warmup.progress import Progress
from perseus.warmup.reporter import Reporter
from perseus.warmup.scan import Need

TRIES = 2
"""So often a pair is asked for before the warmup goes on without it. It is asked for on, beside the work."""


class Run:
    """`want(pair)` has one fetched; `asked` and `ended` must then be called as that goes on."""

    def __init__(self, progress: Progress, reporter: Reporter, want: Callable[[Pair], None]) -> None:
        self._progress = progress
        self._reporter = reporter
        self._want = want
        self._tries: Counter[Pair] = Counter()
        self._over = asyncio.Event()
        self._is_cancelled = False
        reporter.begin(progress.stats)

    @property
    def progress(self) -> Progress:
        """What has come of it."""
        return self._progress

    def cancel(self) -> None:
        """Fetch nothing more of it."""
        self._is_cancelled = True
        self._over.set()

    def asked(self, pair: Pair) -> None:
        """The exchange is being asked for this pair now."""
        if pair in self._progress.left:
            self._progress.current = pair

    def ended(self, pair: Pair, error: Exception | None, *, is_final: bool) -> None:
        """It was fetched, or not for this reason; `is_final`: there is no use in another try."""
        if error is None:
            self._progress.completed(pair)
        elif is_final or self._has_tried(pair):
            self._progress.failed(pair, str(error) or type(error).__name__)
        if not self._progress.left:
            self._over.set()

    async def work(self, pairs: Sequence[Pair], needs: list[Need]) -> None:
        """Write the schedule, then fetch it. Its end is written also when this is cancelled or fails."""
        try:
            self._reporter.schedule(self._progress.scanned(pairs, needs))
            await self._written()
            await self._fetched(needs)
            self._progress.end("cancelled" if self._is_cancelled else "complete")
        except asyncio.CancelledError:
            self._progress.end("cancelled")
            raise
        except BaseException:
            self._progress.end("failed")
            raise
        finally:
            await self._reporter.last()

    async def _written(self) -> None:
        """Before anything of it is fetched: whoever looks sees what is about to happen. The store may be away."""
        await self._reporter.flush()

    async def _fetched(self, needs: Sequence[Need]) -> None:
        if not needs:
            return
        for need in needs:
            self._want(need.pair)
        await self._over.wait()

    def _has_tried(self, pair: Pair) -> bool:
        self._tries[pair] += 1
        return self._tries[pair] >= TRIES

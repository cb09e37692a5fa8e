"""One warmup: fetches what its schedule names, in order, and ends in one of three ways whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from perseus.market.candle import Pair
from perseus.warmup.progress import Progress
from perseus.warmup.reporter import Reporter
from perseus.warmup.scan import Need

TRIES = 2
"""So often a pair is asked for before the warmup goes on without it. It is asked for on, beside the work."""


LOOK_SECONDS = 0.5
STUCK_SECONDS = 75.0
"""So long after the last answer for any pair the warmup goes on without what is left. A budget may take a minute."""
UNTOLD = "It was not fetched yet: nothing that was asked for at last was answered."


class Run:
    """`want(pair)` has one fetched; `asked` and `ended` must then be called as that goes on, `held_up` when all wait.

    `why(pair)`: why it is not answered while others are, None: that is not known of it. `is_held_up()`: may nothing be
    sent at all now? `given_up`: those that were left at the end, with why.
    """

    def __init__(
        self,
        progress: Progress,
        reporter: Reporter,
        want: Callable[[Pair], None],
        why: Callable[[Pair], str | None] = lambda _: None,
        is_held_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._why, self._is_held_up = why, is_held_up
        self._came_at: float | None = None
        self.given_up: dict[Pair, str] = {}
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

    @property
    def left(self) -> Collection[Pair]:
        """What is to be fetched yet; nothing once it is over."""
        return () if self._over.is_set() else self._progress.left

    def cancel(self) -> None:
        """Fetch nothing more of it."""
        self._is_cancelled = True
        self._over.set()

    def asked(self, pair: Pair) -> None:
        """The exchange is being asked for this pair now."""
        self._progress.asked(pair)

    def ended(self, pair: Pair, error: Exception | None, *, is_final: bool) -> None:
        """It was fetched, or not for this reason; `is_final`: there is no use in another try."""
        self._came_at = asyncio.get_running_loop().time()
        if error is None:
            if self._progress.completed(pair):
                self._reporter.again()
        elif is_final or self._has_tried(pair):
            self._progress.failed(pair, str(error) or type(error).__name__)
        if not self._progress.left:
            self._over.set()

    def held_up(self) -> None:
        """All wait for something that is no failure of a pair: what was not answered meanwhile does not count."""
        if self._came_at is not None:
            self._came_at = asyncio.get_running_loop().time()

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
        while not self._over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), LOOK_SECONDS)
            self._look()

    def _look(self) -> None:
        """Go on without what is left where that does not come: all of it hangs, or nothing came for too long.

        Where nothing was answered from the beginning, the exchange is waited for.
        """
        left = self._progress.left
        self._progress.hangs = any(self._why(pair) for pair in left)
        if self._is_held_up():
            self.held_up()
        if left and (all(self._why(pair) for pair in left) or self._is_stuck()):
            for pair in list(left):
                self.given_up[pair] = self._why(pair) or UNTOLD
                self._progress.failed(pair, self.given_up[pair])
            self._over.set()

    def _is_stuck(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._came_at is not None and now - self._came_at >= STUCK_SECONDS

    def _has_tried(self, pair: Pair) -> bool:
        self._tries[pair] += 1
        return self._tries[pair] >= TRIES

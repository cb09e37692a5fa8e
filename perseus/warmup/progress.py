"""What has come of a warmup so far, counted as it goes. Pure: times come in, in ms of the store's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from msgspec import structs

from perseus.clock import iso
from perseus.market.candle import Pair
from perseus.warmup.scan import Need
from perseus.warmup.schedule import Mode, Schedule, entries, mode
from perseus.warmup.stats import ERROR_MAX, FAILURES_MAX, Failure, Stats, Status, eta_ms

LATE_MS = 5_000
"""When nothing has come for so long, what is asked for may not come at all."""


@dataclass(frozen=True)
class Owner:
    """Whose warmup it is."""

    exchange_id: int
    exchange_name: str
    instance_id: str


class Calls(NamedTuple):
    """Requests that were granted so far: to warmups, and in all."""

    warmup: int
    total: int


class Progress:
    """Of one run. `calls()` tells what was granted until now, whoever asked; `before`: what of it was before this run.

    `now_ms()` is the store's time. `left`: pairs that are still to be fetched. `hangs`: some of them are not answered.
    """

    def __init__(
        self,
        owner: Owner,
        run_id: str,
        now_ms: Callable[[], int],
        calls: Callable[[], Calls],
        before: Calls = Calls(0, 0),  # noqa: B008  # it cannot be changed
    ) -> None:
        self.run_id = run_id
        self.status: Status = "scanning"
        self.left: dict[Pair, Need] = {}
        self.current: Pair | None = None
        self._owner = owner
        self._now_ms, self._calls = now_ms, calls
        self._began_ms, self._begun_with = now_ms(), before
        self._fetching_ms, self._fetching_with = self._began_ms, before
        self._final: Stats | None = None
        self._mode: Mode | None = None
        self._symbols = self._pairs = self._total = self._completed = self._failed = 0
        self._failures: dict[Pair, Failure] = {}
        self._asked: set[Pair] = set()
        self._came_ms = self._began_ms
        self.hangs = False

    def scanned(self, pairs: Iterable[Pair], needs: list[Need]) -> Schedule:
        """What a scan of all `pairs` has found is to be fetched from now on."""
        every = list(pairs)
        symbols = tuple(dict.fromkeys(pair.symbol for pair in every))
        timeframes = sorted({pair.timeframe for pair in every}, reverse=True)
        self.left = {need.pair: need for need in needs}
        self._symbols, self._pairs, self._total = len(symbols), len(every), len(needs)
        self._mode = mode(needs, len(every))
        self._fetching_ms, self._fetching_with = self._now_ms(), self._calls()
        self._came_ms = self._fetching_ms
        self.status = "fetching"
        return Schedule(
            exchange_id=self._owner.exchange_id,
            exchange_name=self._owner.exchange_name,
            run_id=self.run_id,
            instance_id=self._owner.instance_id,
            created_at=iso(self._fetching_ms),
            mode=self._mode,
            symbols=symbols,
            timeframes=tuple(map(str, timeframes)),
            total_pairs=len(every),
            sufficient_pairs=len(every) - len(needs),
            needs_fetching=len(needs),
            entries=entries(needs),
        )

    def asked(self, pair: Pair) -> None:
        """The exchange is being asked for it."""
        if pair in self.left:
            self.current = pair
            self._asked.add(pair)

    def completed(self, pair: Pair) -> bool:
        """It was fetched. Gives whether it had failed before."""
        if self.left.pop(pair, None) is not None:
            self._completed, self._came_ms = self._completed + 1, self._now_ms()
        elif self._failures.pop(pair, None) is not None:
            if self._final:
                self._final = structs.replace(
                    self._final, recovered_pairs=self._failed - len(self._failures), failures=self._shown()
                )
            return True
        return False

    def failed(self, pair: Pair, error: str) -> None:
        """It could not be."""
        if self.left.pop(pair, None) is not None:
            self._failed, self._came_ms = self._failed + 1, self._now_ms()
            self._failures[pair] = Failure(pair.symbol, pair.timeframe.name, error[:ERROR_MAX])

    def end(self, status: Status) -> None:
        """That was it: from now on `stats` stay as they are."""
        self.status, self.current = status, None
        self._final = self._stats(self._now_ms(), is_over=True)

    def stats(self) -> Stats:
        """How it stands now."""
        return self._final or self._stats(self._now_ms(), is_over=False)

    def _stats(self, now_ms: int, *, is_over: bool) -> Stats:
        calls = self._calls()
        granted = calls.warmup - self._fetching_with.warmup
        left = len(self.left)
        return Stats(
            exchange_id=self._owner.exchange_id,
            run_id=self.run_id,
            instance_id=self._owner.instance_id,
            status=self.status,
            mode=self._mode,
            started_at=iso(self._began_ms),
            updated_at=iso(now_ms),
            ended_at=iso(now_ms) if is_over else None,
            total_symbols=self._symbols,
            total_pairs=self._total,
            completed_pairs=self._completed,
            skipped_pairs=self._pairs - self._total,
            failed_pairs=self._failed,
            percent_complete=self._percent(),
            eta_ms=None if is_over or self._is_unsure(now_ms) else eta_ms(left, granted, now_ms - self._fetching_ms),
            symbols_left=len({pair.symbol for pair in self.left}),
            current_symbol=self.current.symbol if self.current else None,
            current_timeframe=self.current.timeframe.name if self.current else None,
            rest_calls=calls.total - self._begun_with.total,
            failures=self._shown(),
            recovered_pairs=self._failed - len(self._failures),
        )

    def _shown(self) -> tuple[Failure, ...]:
        return tuple(islice(self._failures.values(), FAILURES_MAX))

    def _is_unsure(self, now_ms: int) -> bool:
        """Is it not known how long the rest takes: because only what is not answered is left?"""
        if self._mode is None:
            return True
        is_late = now_ms - self._came_ms >= LATE_MS
        return is_late and bool(self.left) and (self.hangs or self.left.keys() <= self._asked)

    def _percent(self) -> int:
        if self._mode is None:
            return 0
        return 100 * (self._completed + self._failed) // self._total if self._total else 100

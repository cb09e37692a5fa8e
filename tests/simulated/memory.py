"""A cache without a store: the same rules, and what the store would have told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from perseus.errors import StoreUnavailable
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.market.precedence import Change, change
from perseus.market.ticker import Ticker


@dataclass
class MemoryCache:
    """`is_away`: nothing can be written or read. `told`: how often each candle was published as finished.

    `lost`: pairs of which something is gone, which the next write finds.
    """

    candles: dict[Pair, dict[int, Candle]] = field(default_factory=dict)
    coverage: dict[Pair, Coverage] = field(default_factory=dict)
    tickers: dict[str, Ticker] = field(default_factory=dict)
    told: Counter[tuple[Pair, int]] = field(default_factory=Counter)
    corrected: int = 0
    is_away: bool = False
    lost: set[Pair] = field(default_factory=set)

    async def store(
        self,
        candles: Mapping[Pair, Sequence[Candle]],
        live: bool,
        coverage: Mapping[Pair, Coverage],
        told: Mapping[Pair, Collection[int]],
    ) -> Collection[Pair]:
        self._require()
        for pair, states in candles.items():
            for state in states:
                self._take(pair, state, live and state.open_ms not in told.get(pair, ()))
        self.coverage.update((pair, some) for pair, some in coverage.items() if pair not in self.lost)
        return self.lost & (candles.keys() | coverage.keys())

    def lose(self, is_lost: Callable[[Candle], bool] = lambda _: True, *, with_coverage: bool = True) -> None:
        """As a store that was emptied, or of which something was evicted."""
        for pair, candles in self.candles.items():
            gone = [at for at, candle in candles.items() if is_lost(candle)]
            self.lost.update([pair] if gone or with_coverage else [])
            for at in gone:
                del candles[at]
        if with_coverage:
            self.coverage.clear()

    async def store_tickers(self, tickers: Sequence[Ticker]) -> None:
        self._require()
        self.tickers.update((ticker.symbol, ticker) for ticker in tickers)

    async def claim(self, pairs: Sequence[Pair]) -> None:
        """All of it is of one source."""

    async def coverages(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        self._require()
        self.lost.difference_update(pairs)
        return {pair: self._borne_out(pair) for pair in pairs}

    def _borne_out(self, pair: Pair) -> Coverage:
        coverage = self.coverage.get(pair, Coverage())
        for start, end in coverage.verified:
            if not all(at in self.candles.get(pair, {}) for at in pair.timeframe.opens(start, end)):
                coverage = coverage.doubt(start, end)
        return coverage

    def _take(self, pair: Pair, state: Candle, live: bool) -> None:
        known = self.candles.setdefault(pair, {})
        old = known.get(state.open_ms)
        made = change(old, state)
        if not made.is_written:
            return
        known[state.open_ms] = state
        if made is Change.CORRECTED:
            self.corrected += 1
        elif live and state.is_closed and not (old and old.is_closed):
            self.told[pair, state.open_ms] += 1

    def _require(self) -> None:
        if self.is_away:
            raise StoreUnavailable("memory", "it is away")

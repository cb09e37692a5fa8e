"""A cache without a store: the same rules, and what the store would have told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perseus.errors import StoreUnavailable
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.market.precedence import Change, change
from perseus.market.ticker import Ticker


@dataclass
class MemoryCache:
    """`is_away`: nothing can be written or read. `told`: how often each candle was published as finished."""

    candles: dict[Pair, dict[int, Candle]] = field(default_factory=dict)
    coverage: dict[Pair, Coverage] = field(default_factory=dict)
    tickers: dict[str, Ticker] = field(default_factory=dict)
    told: Counter[tuple[Pair, int]] = field(default_factory=Counter)
    corrected: int = 0
    is_away: bool = False

    async def store(
        self, candles: Mapping[Pair, Sequence[Candle]], live: bool, coverage: Mapping[Pair, Coverage]
    ) -> None:
        self._require()
        for pair, states in candles.items():
            for state in states:
                self._take(pair, state, live)
        self.coverage.update(coverage)

    async def store_tickers(self, tickers: Sequence[Ticker]) -> None:
        self._require()
        self.tickers.update((ticker.symbol, ticker) for ticker in tickers)

    async def coverages(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        self._require()
        return {pair: self.coverage.get(pair, Coverage()) for pair in pairs}

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

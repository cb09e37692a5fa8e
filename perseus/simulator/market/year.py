"""The last 52 weeks of a symbol, for tickers: whole weeks, and the one that runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from perseus.simulator.market import buckets
from perseus.simulator.market.bar import Bar
from perseus.simulator.market.truth import Truth

WEEKS = 52


@dataclass
class Years:
    """Looks the whole weeks up once a week."""

    truth: Truth
    _weeks: dict[str, tuple[int, list[Bar]]] = field(default_factory=dict)

    def of(self, symbol: str, day: Bar) -> tuple[int, int]:
        """The lowest and the highest price of the newest 52 weeks with trades; those of `day` where none had any."""
        week = buckets.open_of("1w", self.truth.now_ms())
        known = self._weeks.get(symbol)
        if known is None or known[0] != week:
            known = self._weeks[symbol] = (week, self.truth.bars(symbol, "1w", None, week - 1, WEEKS))
        running = self.truth.bar(symbol, "1w", week)
        bars = [*known[1], running][-WEEKS:] if running else known[1]
        return min((bar.low for bar in bars), default=day.low), max((bar.high for bar in bars), default=day.high)

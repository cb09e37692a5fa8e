"""The last 24 hours of a symbol, for tickers: whole hours, and the one that runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from perseus.simulator.market import buckets
from perseus.simulator.market.bar import Bar
from perseus.simulator.market.truth import Truth


@dataclass
class Days:
    """Looks the whole hours up once an hour. A ticker of a symbol that never traded has its first price alone."""

    truth: Truth
    _hours: dict[str, tuple[int, Bar | None]] = field(default_factory=dict)

    def of(self, symbol: str) -> Bar:
        """`open_ms`: where the 24 hours begin."""
        now = self.truth.now_ms()
        hour = buckets.open_of("1h", now)
        known = self._hours.get(symbol)
        if known is None or known[0] != hour:
            known = self._hours[symbol] = (hour, self._whole(symbol, hour))
        running = self.truth.bar(symbol, "1h", hour)
        whole = known[1].copy(now - buckets.DAY) if known[1] else None
        if whole and running:
            whole.add(running)
        price = self.truth.book(symbol).last_price
        found = whole or (running and running.copy(now - buckets.DAY))
        return found or Bar(now - buckets.DAY, price, price, price, price, 0, 0, 0, 0)

    def _whole(self, symbol: str, hour: int) -> Bar | None:
        bars = self.truth.bars(symbol, "1h", hour - 23 * buckets.HOUR, hour - 1, 24)
        if not bars:
            return None
        whole = bars[0].copy()
        for later in bars[1:]:
            whole.add(later)
        return whole

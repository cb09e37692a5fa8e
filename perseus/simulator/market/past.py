"""The years before the start, drawn one candle at a time: any bucket at once, the same each time.

Candles of one symbol meet at their ends over all timeframes. A high or low of a longer one is drawn by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from zlib import crc32

from perseus.simulator.market import buckets
from perseus.simulator.market.bar import UNIT, Bar
from perseus.simulator.market.walk import Manner

MASK = (1 << 64) - 1
WAVES = ((buckets.HOUR, 0.004), (buckets.DAY, 0.02), (20 * buckets.DAY, 0.12), (300 * buckets.DAY, 0.5))
TRADES_MAX = 5_000_000
KNOTS, SWINGS = 16_384, 4_096


@dataclass(frozen=True)
class Past:
    """That of one symbol: it ends at `end_ms` with the price that the walk begins with."""

    seed: str
    manner: Manner
    end_ms: int

    def bar(self, timeframe: str, open_ms: int) -> Bar | None:
        """That bucket as far as it lies before the end; None where nobody traded in it."""
        end = min(buckets.close_of(timeframe, open_ms), self.end_ms)
        meant = (end - open_ms) / self.manner.mean_ms
        if meant <= 0 or self._chance(open_ms, end, 0) < math.exp(-meant):
            return None
        return self._drawn(open_ms, end, max(1, min(TRADES_MAX, int(meant))))

    def price(self, ms: int) -> int:
        """At that moment, in whole ticks."""
        swing = _swing(self._salt, self.end_ms, ms)
        return max(1, round(self.manner.price / self.manner.tick * math.exp(swing))) * self.manner.tick

    def _drawn(self, open_ms: int, end: int, trades: int) -> Bar:
        first, last, tick = self.price(open_ms), self.price(end), self.manner.tick
        reach = self.manner.restless * math.sqrt(trades)
        high = max(first, last) + round(max(first, last) * reach * self._chance(open_ms, end, 1) / tick) * tick
        low = min(first, last) - round(min(first, last) * min(0.5, reach * self._chance(open_ms, end, 2)) / tick) * tick
        volume = int(trades * self.manner.amount * (0.5 + self._chance(open_ms, end, 3))) or 1
        quote = (high + low) // 2 * volume // UNIT
        low = max(low, tick)
        return Bar(open_ms, first, high, low, last, volume, quote, trades, open_ms, volume // 2, quote // 2)

    def _chance(self, one: int, two: int, kind: int) -> float:
        return _chance(self._salt, one, two, kind)

    @cached_property
    def _salt(self) -> int:
        return crc32(self.seed.encode())


@lru_cache(SWINGS)
def _swing(salt: int, end_ms: int, ms: int) -> float:
    """How far the price is from that of the end, as a power of e. A candle ends where the next begins."""
    return sum(size * (_wave(salt, ms, period) - _wave(salt, end_ms, period)) for period, size in WAVES)


def _wave(salt: int, ms: int, period: int) -> float:
    """Between -1 and 1, changing over about one period."""
    step, part = divmod(ms, period)
    share = part / period
    return (_knot(salt, step, period) * (1 - share) + _knot(salt, step + 1, period) * share) * 2 - 1


@lru_cache(KNOTS)
def _knot(salt: int, step: int, period: int) -> float:
    """Where a period meets the next: all moments between two such lean on the same two."""
    return _chance(salt, step, period, 9)


def _chance(salt: int, one: int, two: int, kind: int) -> float:
    """A number from 0 to 1 that these decide (splitmix64)."""
    state = (one * 0x9E3779B97F4A7C15 + two * 0xD1B54A32D192ED03 + kind * 0x8CB92BA72F3D8DD7 + salt) & MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return float((state ^ (state >> 31)) >> 11) / float(1 << 53)

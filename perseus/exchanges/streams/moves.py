"""Prices that move while no candles come: trade of which candles should have told."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.exchanges.streams.pulse import STILL_AFTER

ENOUGH = 3
"""So many moves are trade."""
LATE_AFTER = 120.0
"""Seconds without any candle after which moves alone say that they stay away, however few came before."""


@dataclass(slots=True)
class Moves:
    """Of tickers whose candles come on the same connection, since the last candle. Times are loop times (s)."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0

    def add(self, now: float) -> None:
        """A price is another than before."""
        self.count += 1
        self.last = now
        if self.count == 1:
            self.first = now

    def excuse(self, seconds: float) -> None:
        """Nobody could be heard for so long."""
        self.first += seconds
        self.last += seconds

    @property
    def are_trade(self) -> bool:
        """Have there been so many that there was trade?"""
        return self.count >= ENOUGH

    @property
    def go_on(self) -> bool:
        """Were they no burst of which a candle is still under way?"""
        return self.are_trade and self.last - self.first >= STILL_AFTER

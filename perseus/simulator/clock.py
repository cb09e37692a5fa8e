"""The time of the simulated exchange: that of a loop, made faster."""

from __future__ import annotations

from collections.abc import Callable

FASTEST = 1_000
"""Beyond it the exchanges take longer for a second than a second is, and answer nothing any more."""
ROUNDING_MS = 2e-3
"""A loop may call a thousandth of a millisecond too early."""


class VirtualClock:
    """Unix milliseconds that begin at `start_ms` and run `speed` times as fast as `base` (seconds, never back)."""

    def __init__(self, base: Callable[[], float], start_ms: int, speed: float = 1.0) -> None:
        self._base = base
        self._anchor = (base(), start_ms)
        self.start_ms = start_ms
        self.speed = speed

    def now_ms(self) -> int:
        at, ms = self._anchor
        return ms + int((self._base() - at) * 1000 * self.speed + ROUNDING_MS)

    def base_at(self, ms: int) -> float:
        """When `base` will show the moment at which this clock shows `ms`."""
        at, anchor_ms = self._anchor
        return at + (ms - anchor_ms) / 1000 / self.speed

    def run_at(self, speed: float) -> None:
        """Change the speed from now on. Raises ValueError unless it is above 0 and up to 1000."""
        if not 0 < speed <= FASTEST:
            raise ValueError(f"a speed is above 0 and up to {FASTEST}, not {speed:g}")
        self._anchor = (self._base(), self.now_ms())
        self.speed = speed

    def leap(self, ms: int) -> None:
        """Be `ms` milliseconds later at once."""
        if ms < 0:
            raise ValueError(f"a clock leaps forward, not by {ms} ms")
        self._anchor = (self._base(), self.now_ms() + ms)

"""A clock that moves when a test says so."""

from __future__ import annotations

from collections.abc import Callable

from perseus.testing.samples import AT_MS


class FakeClock:
    """Fits `perseus.clock.Clock`. `ticked(now_ms)` is called for each second that passes, and at the end."""

    def __init__(self, wall_ms: int = AT_MS, ticked: Callable[[int], object] | None = None) -> None:
        self._wall_ms = wall_ms
        self._began_ms = wall_ms
        self._ticked = ticked

    def elapsed(self) -> float:
        """Seconds since some fixed point."""
        return 1_000.0 + (self._wall_ms - self._began_ms) / 1000

    def wall_ms(self) -> int:
        """Unix milliseconds."""
        return self._wall_ms

    now_ms = wall_ms

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError for less than none."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds:g} s")
        end = self._wall_ms + round(seconds * 1000)
        while self._wall_ms < end:
            self._wall_ms = min(self._wall_ms + 1_000, end)
            if self._ticked is not None:
                self._ticked(self._wall_ms)

"""What two connections bring while both are open, let through once."""

from __future__ import annotations

from collections.abc import Callable

from perseus.exchanges.events import CandleEvent, Heard

NEVER = float("inf")


class Echoes:
    """Remembers what came while two connections are open, and nothing at other times. `time`: loop time (s)."""

    def __init__(self, time: Callable[[], float]) -> None:
        self.dropped = 0
        self._time = time
        self._seen: set[tuple[object, ...]] | None = None
        self._until = NEVER

    def begin(self) -> None:
        """A second connection is open."""
        self._seen, self._until = self._seen or set(), NEVER

    def end_in(self, seconds: float) -> None:
        """There is one again; what the other one brought may still come of it for so long."""
        self._until = self._time() + seconds

    def is_echo(self, event: Heard) -> bool:
        """Has the very same come already?"""
        if self._seen is None:
            return False
        if self._time() >= self._until:
            self._seen = None
            return False
        key = _key(event)
        if key in self._seen:
            self.dropped += 1
            return True
        self._seen.add(key)
        return False


def _key(event: Heard) -> tuple[object, ...]:
    if isinstance(event, CandleEvent):
        candle = event.candle
        return (event.pair, candle.open_ms, candle.event_ms, candle.is_closed, candle.close, candle.volume)
    return (event.ticker.symbol, event.ticker.event_ms, event.ticker.price)

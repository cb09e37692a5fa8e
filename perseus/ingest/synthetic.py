"""A feed without an exchange: a made-up market at a market's pace, for a first look and for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from perseus.clock import Clock, SystemClock
from perseus.ingest.market import SyntheticMarket

WARMUP_SECONDS = 1.5
HISTORY_STEPS = 200
BEHIND_MAX_SECONDS = 1.0

Wait = Callable[[threading.Event, float], bool]


class SyntheticFeed:
    """Plays the synthetic market of `exchange` (its name). A Feed.

    `wait(event, seconds)` sleeps until the event or the time.
    """

    name = "synthetic market, not real"

    def __init__(self, exchange: str, clock: Clock | None = None, wait: Wait = threading.Event.wait) -> None:
        self.market = SyntheticMarket(exchange)
        self._clock = clock or SystemClock()
        self._wait = wait
        self._closed = threading.Event()
        self._due = 0.0

    @property
    def symbols(self) -> Collection[str]:
        """Those of the market; they never change."""
        return self.market.prices.keys()

    def connect(self) -> None:
        """Open the market."""
        self._closed.clear()

    def warm(self) -> None:
        """Make up some past, symbol by symbol, for 1.5 s."""
        pause = WARMUP_SECONDS / len(self.symbols)
        for _ in self.symbols:
            for _ in range(HISTORY_STEPS):
                self.market.step()
            if self._wait(self._closed, pause):
                return
        self._due = self._clock.elapsed() + self.market.gap()

    def receive(self, timeout: float) -> int:
        """The messages that are due. After a long suspension the missed ones are left out."""
        left = self._due - self._clock.elapsed()
        if left > 0 and self._wait(self._closed, min(left, timeout)):
            return 0
        now = self._clock.elapsed()
        self._due = max(self._due, now - BEHIND_MAX_SECONDS)
        count = 0
        while self._due <= now:
            self.market.step()
            self._due += self.market.gap()
            count += 1
        return count

    def close(self) -> None:
        """Wakes a waiting call."""
        self._closed.set()

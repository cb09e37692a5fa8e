"""A feed that plays a recorded exchange capture at its own pace."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator

from perseus.clock import Clock, SystemClock
from perseus.ingest.capture import Capture, Frame

log = logging.getLogger(__name__)

Wait = Callable[[threading.Event, float], bool]


class ReplayFeed:
    """Plays `capture` once; at its end it stays connected and silent. A Feed.

    `wait(event, seconds)` sleeps until the event or the time. A bad line anywhere is told while warming, before
    the first message counts.
    """

    def __init__(self, capture: Capture, clock: Clock | None = None, wait: Wait = threading.Event.wait) -> None:
        self._capture = capture
        self._clock = clock or SystemClock()
        self._wait = wait
        self._closed = threading.Event()
        self._symbols: frozenset[str] = frozenset()
        self._played = 0
        self._has_told_end = False
        self._frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None
        self._ahead = 0.0

    @property
    def name(self) -> str:
        """Says that it is a recording, and of what."""
        return f"replay of {self._capture.path.name}"

    @property
    def symbols(self) -> Collection[str]:
        """Those that the messages are about."""
        return self._symbols

    def connect(self) -> None:
        """Open the recording where it was left."""
        self._closed.clear()
        self._frames = self._capture.frames()
        self._next = next(self._frames, None)
        for _ in range(self._played):
            self._next = next(self._frames, None)

    def warm(self) -> None:
        """Check every line and learn the symbols; then the next message is due."""
        symbols: set[str] = set()
        for frame in self._capture.frames():
            symbols |= frame.symbols
            if self._closed.is_set():
                return
        self._symbols = frozenset(symbols)
        if self._next is not None:
            self._ahead = self._clock.elapsed() - self._next.at

    def receive(self, timeout: float) -> int:
        """The messages that were received by this time of the recording."""
        if self._next is None:
            self._tell_end()
            self._wait(self._closed, timeout)
            return 0
        left = self._next.at + self._ahead - self._clock.elapsed()
        if left > 0 and self._wait(self._closed, min(left, timeout)):
            return 0
        return self._take_due()

    def close(self) -> None:
        """Wakes a waiting `receive`."""
        self._closed.set()

    def _take_due(self) -> int:
        began = self._played
        now = self._clock.elapsed() - self._ahead
        while self._next is not None and self._next.at <= now:
            self._played += 1
            self._next = next(self._frames, None)
        return self._played - began

    def _tell_end(self) -> None:
        if not self._has_told_end:
            self._has_told_end = True
            log.info("%s has ended: %d messages were played. It stays silent now.", self._capture.path, self._played)

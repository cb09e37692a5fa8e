"""The trades of one symbol as they happen, for whoever tells of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from perseus.simulator.market.truth import Truth
from perseus.simulator.timers import Timers


@dataclass
class Watch:
    """Calls each of `listeners` with the time of each trade, from the first of them on."""

    timers: Timers
    truth: Truth
    symbol: str
    listeners: dict[str, Callable[[int], None]] = field(default_factory=dict)

    def listen(self, name: str, listener: Callable[[int], None]) -> bool:
        """False when one of that name listens already."""
        if name in self.listeners:
            return False
        self.listeners[name] = listener
        if len(self.listeners) == 1:
            self._arm()
        return True

    def _arm(self) -> None:
        due = self.truth.book(self.symbol).next_ms()
        if due is not None:
            self.timers.at(due, self._traded)

    def _traded(self) -> None:
        book = self.truth.book(self.symbol)
        if book.last_ms == self.timers.now_ms:
            for listener in tuple(self.listeners.values()):
                listener(book.last_ms)
        self._arm()


@dataclass
class Paced:
    """At most one `tell` in `every_ms`: at once when the last is that long ago, else as soon as it will be."""

    timers: Timers
    every_ms: int
    tell: Callable[[], None]
    _last_ms: int = -(10**15)
    _is_due: bool = False

    def wanted(self) -> None:
        if self._is_due:
            return
        due = self._last_ms + self.every_ms
        if due <= self.timers.now_ms:
            self.telling()
        else:
            self._is_due = True
            self.timers.at(due, self._now_due)

    def telling(self) -> None:
        """Tell now, whatever the pace."""
        self._last_ms = self.timers.now_ms
        self.tell()

    def told(self) -> None:
        """Something else was told in its place: what was due is not any more."""
        self._last_ms, self._is_due = self.timers.now_ms, False

    def _now_due(self) -> None:
        if not self._is_due:
            return
        if self.timers.now_ms < self._last_ms + self.every_ms:
            self.timers.at(self._last_ms + self.every_ms, self._now_due)
            return
        self._is_due = False
        self.telling()

"""For which share of a time an exchange was served. Pure."""

from __future__ import annotations

from typing import NamedTuple

from perseus.network.log.spans import NO_DATA, History
from perseus.network.states import State

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
#: The windows that people ask for (MON-02), by the words for them.
WINDOWS = {"24 h": DAY_MS, "7 d": 7 * DAY_MS, "30 d": 30 * DAY_MS}


class Uptime(NamedTuple):
    """Milliseconds that it was active, was anything else, and of which nothing is known."""

    active_ms: int
    down_ms: int
    no_data_ms: int

    @property
    def percent(self) -> float | None:
        """Of the time that is known; None when none is."""
        known_ms = self.active_ms + self.down_ms
        return 100 * self.active_ms / known_ms if known_ms else None


def uptime(history: History, now_ms: int, window_ms: int) -> Uptime:
    """Of the `window_ms` before `now_ms`."""
    spans = history.spans(now_ms - window_ms, now_ms)
    active_ms = sum(span.lasted_ms for span in spans if span.state == State.ACTIVE)
    no_data_ms = sum(span.lasted_ms for span in spans if span.state == NO_DATA)
    return Uptime(active_ms, window_ms - active_ms - no_data_ms, no_data_ms)

"""Time, passed in wherever it decides something, so that tests need not sleep.

Three times, never mixed: `elapsed` (this machine's, counts suspend, cannot jump) for deadlines; the store's
milliseconds for everything that several hosts compare; ISO 8601 UTC text for what people read.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

SLOW_SECONDS = 0.5
STEP_BACK_MS = 2_000


class Clock(Protocol):
    """What the code that decides by time asks for."""

    def elapsed(self) -> float:
        """Seconds since some fixed point, through suspend (CLOCK_BOOTTIME); never goes back."""

    def wall_ms(self) -> int:
        """This host's idea of the Unix time in milliseconds. May be wrong by years."""


class SystemClock:
    """The machine's own clocks."""

    def elapsed(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000


class StoreClock:
    """The store's time as one host knows it: read once per answer, carried on by `elapsed`.

    Not the wall clock plus an offset: a wall clock that is stepped between two answers would move it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor: tuple[int, float] | None = None
        self._told_ms = 0
        self.skew_ms: int | None = None

    def heard(self, store_ms: int, sent_at: float, received_at: float) -> None:
        """Take in one answer: `store_ms` was read between `sent_at` and `received_at` (elapsed seconds).

        One that took long says little of when it was read, and is left out while there is a better one.
        """
        if self._anchor is not None and received_at - sent_at > SLOW_SECONDS:
            return
        middle = (sent_at + received_at) / 2
        self._anchor = (store_ms, middle)
        age_ms = (self._clock.elapsed() - middle) * 1000
        self.skew_ms = round(self._clock.wall_ms() - age_ms - store_ms)

    def now_ms(self) -> int:
        """The store's Unix time in milliseconds; the host's own while the store has never answered.

        Goes back only when the store's clock did: two events of one start are not told in the wrong order.
        """
        if self._anchor is None:
            return self._clock.wall_ms()
        store_ms, at = self._anchor
        now = store_ms + round((self._clock.elapsed() - at) * 1000)
        if now < self._told_ms - STEP_BACK_MS:
            self._told_ms = now
        self._told_ms = max(self._told_ms, now)
        return self._told_ms


def iso(ms: int) -> str:
    """Unix milliseconds as ISO 8601 UTC text with `Z`, to the millisecond."""
    seconds, rest = divmod(ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)  # each poll reads the same texts again
def parse_iso(text: str) -> int:
    """Unix milliseconds of an ISO 8601 text with a zone. Raises ValueError on anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return round(moment.timestamp() * 1000)

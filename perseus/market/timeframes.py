"""Timeframes: how long a candle is, and when one opens.

All are aligned in UTC as Binance aligns them: to the Unix epoch, but weeks to Mondays, and months to their first day.
Times are Unix milliseconds. Of 3d no document says where the three days begin; a row that opens elsewhere is told by
`is_open`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar

from perseus.errors import PerseusError

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
#: The epoch was a Thursday.
FIRST_MONDAY = 4 * DAY
#: No candle opens later: the first millisecond of the year 9999. A time in microseconds is beyond it.
LATEST_MS = (date(9999, 1, 1).toordinal() - date(1970, 1, 1).toordinal()) * DAY


class UnknownTimeframe(PerseusError):
    """Raised for a name that is no timeframe. Case matters: 1m is a minute, 1M a month."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        super().__init__(f"{name!r} is not a timeframe.{hint} Known: {', '.join(known)}.")
        self.name = name
        self.known = known


@dataclass(frozen=True, eq=False)
class Timeframe:
    """One timeframe. There is one object of each: `parse` gives it, and it is equal to itself alone.

    `ms`: its length, None of months, which differ. `rank`: its place among all, the shortest first.
    """

    name: str
    ms: int | None
    anchor_ms: int
    rank: int

    _known: ClassVar[dict[str, Timeframe]] = {}

    @classmethod
    def parse(cls, name: str) -> Timeframe:
        """The timeframe of that name, such as `5m`. Raises UnknownTimeframe."""
        try:
            return cls._known[name]
        except KeyError:
            raise UnknownTimeframe(name, tuple(cls._known)) from None

    def open_of(self, ms: int) -> int:
        """When the candle opens that `ms` is in."""
        if self.ms is None:
            return _month_start(_month(ms))
        return ms - (ms - self.anchor_ms) % self.ms

    def close_of(self, open_ms: int) -> int:
        """When the candle that opens at `open_ms` ends: the first millisecond of the next one."""
        return self.shift(open_ms, 1)

    def is_open(self, ms: int) -> bool:
        """Does a candle open at this very millisecond?"""
        return self.open_of(ms) == ms

    def shift(self, open_ms: int, count: int) -> int:
        """When the candle opens that is `count` candles later, or earlier where it is negative."""
        if not self.is_open(open_ms):
            raise ValueError(f"no {self.name} candle opens at {open_ms}")
        if self.ms is None:
            return _month_start(_month(open_ms) + count)
        return open_ms + count * self.ms

    def next_open(self, ms: int) -> int:
        """The first time at or after `ms` at which a candle opens."""
        open_ms = self.open_of(ms)
        return open_ms if open_ms == ms else self.close_of(open_ms)

    def opens(self, start_ms: int, end_ms: int) -> Iterator[int]:
        """When candles open from `start_ms` on and before `end_ms`."""
        at = self.next_open(start_ms)
        while at < end_ms:
            yield at
            at = self.close_of(at)

    def count(self, start_ms: int, end_ms: int) -> int:
        """How many candles open from `start_ms` on and before `end_ms`."""
        first, end = self.next_open(start_ms), self.next_open(end_ms)
        if self.ms is None:
            return max(0, _month(end) - _month(first))
        return max(0, (end - first) // self.ms)

    def __lt__(self, other: Timeframe) -> bool:
        return self.rank < other.rank

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Callable[[str], Timeframe], tuple[str]]:
        return Timeframe.parse, (self.name,)


def _month(ms: int) -> int:
    """Months since January of the year 0."""
    day = date.fromordinal(ms // DAY + _EPOCH_DAY)
    return day.year * 12 + day.month - 1


def _month_start(month: int) -> int:
    return (date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_DAY) * DAY


_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()

_LENGTHS = {
    "1s": 1_000,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": WEEK,
    "1M": None,
}

#: Every timeframe, the shortest first.
TIMEFRAMES: tuple[Timeframe, ...] = tuple(
    Timeframe(name, ms, FIRST_MONDAY if ms == WEEK else 0, rank) for rank, (name, ms) in enumerate(_LENGTHS.items())
)
Timeframe._known.update({timeframe.name: timeframe for timeframe in TIMEFRAMES})

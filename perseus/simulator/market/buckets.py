"""Timeframes as the exchanges cut them: by UTC, weeks from Monday, months by the calendar."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05

FIXED = {
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
}
TIMEFRAMES = (*FIXED, "1w", "1M")


def open_of(timeframe: str, ms: int) -> int:
    """The open time of the bucket that holds the moment `ms` (Unix milliseconds)."""
    if size := FIXED.get(timeframe):
        return ms - ms % size
    if timeframe == "1w":
        return ms - (ms - MONDAY) % WEEK
    return _month(ms, 0)


def close_of(timeframe: str, open_ms: int) -> int:
    """The end of the bucket that opens at `open_ms`: the open time of the next."""
    if size := FIXED.get(timeframe):
        return open_ms + size
    return open_ms + WEEK if timeframe == "1w" else _month(open_ms, 1)


def before(timeframe: str, open_ms: int) -> int:
    """The open time of the bucket before the one that opens at `open_ms`."""
    return open_of(timeframe, open_ms - 1)


def first_from(timeframe: str, ms: int) -> int:
    """The first open time at or after `ms`."""
    opened = open_of(timeframe, ms)
    return opened if opened == ms else close_of(timeframe, opened)


def _month(ms: int, later: int) -> int:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    months = moment.year * 12 + moment.month - 1 + later
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1000

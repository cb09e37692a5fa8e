"""Times and spans as notifications say them: UTC, whole seconds. Pure, and never raises for an odd number."""

from __future__ import annotations

from datetime import UTC, datetime

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def span(ms: float) -> str:
    """How long, to two units: `12 s`, `4 min 12 s`, `1 h 2 min`, `3 d 4 h`. As the pages say it (`web.words.span`)."""
    ms = max(int(ms), 0)
    if ms < MINUTE:
        return f"{ms // SECOND} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min {ms % MINUTE // SECOND} s"
    if ms < DAY:
        return f"{ms // HOUR} h {ms % HOUR // MINUTE} min"
    return f"{ms // DAY} d {ms % DAY // HOUR} h"


def seconds(count: float) -> str:
    """A setting of so many seconds as a span without empty ends: `10 s`, `4 min`, `1 h`; `0.5 s` below one."""
    if count < 1:
        return f"{count:g} s"
    return span(count * SECOND).removesuffix(" 0 s").removesuffix(" 0 min").removesuffix(" 0 h")


def moment(ms: int) -> str:
    """`2026-11-21 14:03:22 UTC`; the bare number for a time that no calendar holds."""
    try:
        return datetime.fromtimestamp(ms // SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return str(ms)


def clock(ms: int, now_ms: int) -> str:
    """`14:20 UTC`, with seconds where they count, and with the day where it is not that of `now_ms`."""
    day, _, time = moment(ms).partition(" ")
    time = time.replace(":00 UTC", " UTC")
    if not time:
        return day
    return time if moment(now_ms).startswith(day) else f"{day} {time}"

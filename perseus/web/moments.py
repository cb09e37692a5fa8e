"""A point in time as the templates show it: exact for machines and titles, relative for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from perseus import clock
from perseus.web import words


@dataclass(frozen=True, slots=True)
class Moment:
    """One point in time. `utc` is `2026-11-21 14:03:22`; `text` is how the page says it, in the words named by `said`.

    A template writes it as a `<time>` element: a poll has hundreds, and a macro for each doubled its cost. The browser
    says it again every second from `ms`, in the same words; a poll must not put the server's text back.
    """

    ms: int
    utc: str
    text: str
    said: str

    def __html__(self) -> str:
        # Nothing here comes from outside: two numbers and words of our own.
        return (
            f'<time datetime="{self.utc}Z" title="{self.utc} UTC" data-at="{self.ms}" data-say="{self.said}"'
            f" hx-morph-skip-children>{self.text}</time>"
        )

    @property
    def day(self) -> str:
        """`2026-11-21`."""
        return self.utc[:10]

    @property
    def clock(self) -> str:
        """`14:03:22`."""
        return self.utc[11:]


def utc(ms: int | None) -> str | None:
    """Unix milliseconds as `2026-11-21 14:03:22`; None for none, or a time that no calendar holds."""
    if ms is None:
        return None
    try:
        return datetime.fromtimestamp(ms // 1000, UTC).isoformat(" ")[:19]
    except (ValueError, OverflowError, OSError):
        return None


def ago(ms: int | None, now_ms: int) -> Moment | None:
    """A moment said as `3 s ago`."""
    return _moment(ms, now_ms, words.age, "age")


def lasting(ms: int | None, now_ms: int) -> Moment | None:
    """A moment said as the span since: `4h 23m`."""
    return _moment(ms, now_ms, words.span, "span")


def _moment(ms: int | None, now_ms: int, say: Callable[[int], str], said: str) -> Moment | None:
    exact = utc(ms)
    return None if ms is None or exact is None else Moment(ms, exact, say(now_ms - ms), said)


def read(text: str | None) -> int | None:
    """Unix milliseconds of an ISO 8601 text; None where there is none or it is no such text."""
    if not text:
        return None
    try:
        return clock.parse_iso(text)
    except (ValueError, OverflowError):
        return None


def iso(ms: int | None) -> str | None:
    """Unix milliseconds as ISO 8601 for programs; None where there are none or no calendar holds them."""
    return None if ms is None or utc(ms) is None else clock.iso(ms)


def day_title(day: str, now_ms: int) -> str:
    """Heading of one day of the feed: `Today, Saturday 21 November`, with the year where it is not this one."""
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    today = datetime.fromtimestamp(now_ms / 1000, UTC)
    named = f"{moment:%A} {moment.day} {moment:%B}"
    if moment.year != today.year:
        return f"{named} {moment.year}"
    near = {0: "Today, ", 1: "Yesterday, "}.get((today.date() - moment.date()).days, "")
    return near + named

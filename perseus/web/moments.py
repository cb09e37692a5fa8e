"""A point in time as the templates show it: exact for machines and titles, relative for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, zip_longest

from markupsafe import Markup

from perseus import clock
from perseus.web import words

SAY = {"age": words.age, "span": words.span}
# Private use: `words.plain` lets no such character through, so nobody outside can write a mark into a page.
MARK = "\ue000"
# Nothing else that looks like one is one: a page must not break over words that got past that.
MARKS = re.compile(f"{MARK}({'|'.join(SAY)})(-?[0-9]{{1,19}}){MARK}")


@dataclass(frozen=True, slots=True)
class Moment:
    """One point in time. `utc` is `2026-11-21 14:03:22`; how long ago that is, is said in the words named by `said`.

    A template writes it as a `<time>` element: a poll has hundreds, and a macro for each doubled its cost. The browser
    says it again every second from `ms`, in the same words; a poll must not put the server's text back. Until `Timed`
    puts the words in, a mark stands in their place, so that HTML outlives the second it was made in.
    """

    ms: int
    utc: str
    said: str

    def __html__(self) -> str:
        # Nothing here comes from outside: two numbers and words of our own.
        return (
            f'<time datetime="{self.utc}Z" title="{self.utc} UTC" data-at="{self.ms}" data-say="{self.said}"'
            f" hx-morph-skip-children>{MARK}{self.said}{self.ms}{MARK}</time>"
        )

    def words(self, now_ms: int) -> str:
        """`3 s ago` or `4 h 23 min`, seen from `now_ms`."""
        return SAY[self.said](now_ms - self.ms)

    @property
    def iso(self) -> str:
        """`2026-11-21T14:03:22.123Z`, as addresses take it."""
        return clock.iso(self.ms)

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


def day(ms: int | None) -> str | None:
    """`2026-11-21`; None for none, or a time that no calendar holds."""
    exact = utc(ms)
    return exact and exact[:10]


class Timed:
    """HTML without the words of its moments, which depend on when it is read."""

    def __init__(self, html: str) -> None:
        parts = MARKS.split(html)
        self._texts = parts[0::3]
        self._moments = [(SAY[said], int(ms)) for said, ms in zip(parts[1::3], parts[2::3], strict=True)]

    def at(self, now_ms: int) -> Markup:
        """The HTML as it reads at `now_ms`."""
        said = [say(now_ms - ms) for say, ms in self._moments]
        return Markup("".join(chain.from_iterable(zip_longest(self._texts, said, fillvalue=""))))


def ago(ms: int | None) -> Moment | None:
    """A moment said as `3 s ago`."""
    return _moment(ms, "age")


def lasting(ms: int | None) -> Moment | None:
    """A moment said as the span since: `4 h 23 min`."""
    return _moment(ms, "span")


def _moment(ms: int | None, said: str) -> Moment | None:
    exact = utc(ms)
    return None if ms is None or exact is None else Moment(ms, exact, said)


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

"""Numbers, spans and names as text for people. Pure: what depends on time gets it passed in.

`static/js/ages.js` says ages and spans in the same words; a browser test holds the two together.
"""

from __future__ import annotations

import re

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NAME_LIMIT = 120
OPENING = 160
SPARE = 40  # to hide less than this costs a reader more than it spares

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s-]+")


def age(ms: int) -> str:
    """How long ago, coarser with distance: `3 s ago`, `4 min ago`, `2 h ago`, `5 d ago`. What lies ahead is 0 s ago."""
    ms = max(ms, 0)
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if ms >= unit:
            return f"{ms // unit} {name} ago"
    return f"{ms // SECOND} s ago"


def span(ms: int) -> str:
    """How long, to two units: `12 s`, `4 min 12 s`, `4 h 23 min`, `3 d 4 h`. A span below zero is `0 s`."""
    ms = max(ms, 0)
    if ms < MINUTE:
        return f"{ms // SECOND} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min {ms % MINUTE // SECOND} s"
    if ms < DAY:
        return f"{ms // HOUR} h {ms % HOUR // MINUTE} min"
    return f"{ms // DAY} d {ms % DAY // HOUR} h"


def tenths(ms: int) -> str:
    """How long, exact to a tenth while it is below a minute: `4.2 s`, then as `span`."""
    return f"{ms / SECOND:.1f} s" if ms < MINUTE else span(ms)


def coarse(ms: int) -> str:
    """How long, to one unit: `40 s`, `4 min`, `23 h`, `5 d`."""
    return age(ms).removesuffix(" ago")


def number(value: float) -> str:
    """`12,345`, and at most three digits behind the point."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def counted(count: int, noun: str) -> str:
    """`1 exchange`, `3 exchanges`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))


def label(key: str) -> str:
    """A key of the payload as words: `messageCount` and `message_count` give `Message count`."""
    words = " ".join(CAMEL.split(key)).strip()
    return words[:1].upper() + words[1:].lower()


def plain(text: str, limit: int = 500) -> str:
    """Text from outside made fit for one line: control and direction characters as U+FFFD, the rest cut at `limit`.

    Cutting says how much is missing. HTML is not escaped here: the templates do that.
    """
    missing = len(text) - limit
    if missing > 0:
        text = text[:limit]
    if not text.isprintable():
        text = "".join(_visible(character) for character in text)
    return f"{text}… ({missing:,} more characters)" if missing > 0 else text


def opening(text: str) -> str | None:
    """The start of a text that is too long to stand open on a page; None for one that may."""
    return f"{text[:OPENING].rstrip()}…" if len(text) > OPENING + SPARE else None


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\ufffd"

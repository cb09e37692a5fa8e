"""The time line of one exchange: a bar of its states, and the same as rows for whoever does not see it."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from perseus.network.log.spans import NO_DATA, History, Span
from perseus.network.log.uptime import WINDOWS
from perseus.network.states import OFFLINE, State
from perseus.web import moments, words
from perseus.web.card import badges
from perseus.web.card.badges import Badge

NOTHING = Badge("no_data", "No data")
WIDTH = 1440
NARROWEST = 2  # thinner than this nobody sees an outage on a bar of a phone's width
ROWS_MOST = 100
HEIGHTS = {State.ACTIVE: 32, OFFLINE: 32, State.STOPPED: 10, State.IDLE: 10, NO_DATA: 3}
PASSING = 20
#: How far apart the ticks of a bar are, by its length in words.
TICKS = {"24 h": words.HOUR, "7 d": words.DAY, "30 d": words.DAY}


class Piece(NamedTuple):
    """Part of the bar: `x` and `width` of 1440, `height` of 32, its state, and what it says when pointed at."""

    x: int
    width: int
    height: int
    token: str
    said: str


class Row(NamedTuple):
    """The same for reading: `2026-11-21 14:03`, state, `4 min 12 s`."""

    begins: str
    badge: Badge
    lasted: str


class Strip(NamedTuple):
    """One bar. `title`, `about`: of the picture. `rows`: newest first; `unlisted`: how many older ones are left out."""

    window: str
    title: str
    about: str
    pieces: tuple[Piece, ...]
    ticks: tuple[int, ...]
    rows: tuple[Row, ...]
    unlisted: int
    begins: str
    ends: str


def strip(history: History, until_ms: int, window: str = "24 h") -> Strip:
    """The bar of the `window` before `until_ms`, which the caller rounds: equal arguments give equal bars."""
    length_ms = WINDOWS[window]
    from_ms = until_ms - length_ms
    spans = history.spans(from_ms, until_ms)
    rows = tuple(_row(span) for span in reversed(spans[-ROWS_MOST:]))
    return Strip(
        window,
        f"States of the last {window}",
        _about(spans),
        _pieces(spans, from_ms, length_ms),
        tuple(_x(at_ms, from_ms, length_ms) for at_ms in _ticks(from_ms, until_ms, TICKS[window])),
        rows,
        max(len(spans) - ROWS_MOST, 0),
        _minute(from_ms),
        _minute(until_ms),
    )


def _pieces(spans: tuple[Span, ...], from_ms: int, length_ms: int) -> tuple[Piece, ...]:
    pieces = []
    for span in spans:
        begins, ends = _x(span.from_ms, from_ms, length_ms), _x(span.until_ms, from_ms, length_ms)
        if ends == begins and span.state in (State.ACTIVE, NO_DATA):
            continue
        begins = min(begins, WIDTH - NARROWEST)
        badge = _badge(span.state)
        said = f"{badge.word} for {words.span(span.lasted_ms)} from {_minute(span.from_ms)} UTC"
        pieces.append(Piece(begins, max(ends - begins, NARROWEST), HEIGHTS.get(span.state, PASSING), badge.token, said))
    return tuple(pieces)


def _about(spans: tuple[Span, ...]) -> str:
    """`Active for 23 h 2 min, Offline for 58 min 0 s; 3 changes.`"""
    lasted: Counter[str] = Counter()
    for span in spans:
        lasted[_badge(span.state).word] += span.lasted_ms
    said = ", ".join(f"{word} for {words.span(ms)}" for word, ms in lasted.most_common())
    return f"{said}; {words.counted(len(spans) - 1, 'change')}."


def _row(span: Span) -> Row:
    return Row(_minute(span.from_ms), _badge(span.state), words.span(span.lasted_ms))


def _badge(state: str) -> Badge:
    return NOTHING if state == NO_DATA else badges.of_state(state)


def _x(at_ms: int, from_ms: int, length_ms: int) -> int:
    return round((at_ms - from_ms) * WIDTH / length_ms)


def _ticks(from_ms: int, until_ms: int, every_ms: int) -> range:
    return range(from_ms - from_ms % every_ms + every_ms, until_ms, every_ms)


def _minute(ms: int) -> str:
    return (moments.utc(ms) or "")[:16]

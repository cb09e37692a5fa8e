"""The network as lines for a terminal: one table, problems first. Pure: words and widths, no store and no clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import click

from perseus.db.switch import SwitchedOff
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.view.directory import ExchangeStatus, NetworkView
from perseus.web import moments, words
from perseus.web.card import badges, cards, facts, signs
from perseus.web.card.badges import Badge
from perseus.web.card.beats import LIMITS, Limits
from perseus.web.network import notices

HEAD = ("EXCHANGE", "STATE", "FOR", "HEARTBEAT", "SYMBOLS", "HOST", "NOTE")
NUMBERS = frozenset((2, 3, 4))  # columns that are set to the right
STATE = 1
NAME_LIMIT, HOST_LIMIT, NOTE_LIMIT = 40, 40, 70
BETWEEN = "  "
NONE = "The database names no exchange. Seed it: perseus init"
CALM = ("active", "closed", "never_seen")


class Row(NamedTuple):
    """One exchange: its badge, which says how bad it is, and its cells in the order of `HEAD`."""

    badge: Badge
    cells: tuple[str, ...]


def has_problem(view: NetworkView) -> bool:
    """Is any exchange corrupt, failed, lost or unknown, or soon to be, as the store refuses writes? Is there none?"""
    return (not view.exchanges or view.store.refused is not None) or any(
        badges.of_exchange(status).token in badges.PROBLEMS for status in view.exchanges
    )


def lines(
    view: NetworkView,
    trouble: PerseusError | None = None,
    width: int | None = None,
    limits: Limits = LIMITS,
    stuck: Collection[Exchange] = (),
    off: SwitchedOff | None = None,
) -> Iterator[str]:
    """What to say first, the table, and what it comes to.

    `width`: columns of the terminal; None: no end. `stuck`: whose instances seem so. `off`: all that there are.
    """
    for notice in notices.notices(view, trouble):
        said = f"{notice.title}. {notice.text}" + (f" {notice.command}" if notice.command else "")
        yield click.style(said, fg="red" if notice.kind == "danger" else "yellow")
    for one in view.store.refusing:
        refuses = "withholds rights" if one.lacks else "refuses writes"
        yield click.style(f"{one.where} {refuses}: {one.code}. {one.cost[:1].upper()}{one.cost[1:]}.", fg="red")
    if not view.exchanges:
        yield f"{off.said}. Switch one on: {off.command}" if off else NONE
        return
    rows = [
        _row(status, view.now_ms, limits, status.exchange in stuck) for status in sorted(view.exchanges, key=_place)
    ]
    yield from _table(rows, width)
    yield f"{_summary(rows)}, at {moments.utc(view.now_ms) or 'an unknown time'} UTC."


def _row(status: ExchangeStatus, now_ms: int, limits: Limits, stuck: bool) -> Row:
    seen = cards.outlook(status, now_ms, limits=limits)
    told = status.status
    badge = seen.badge
    return Row(
        badge,
        (
            _plain(status.exchange.name, NAME_LIMIT),
            f"{badge.word}, {badge.detail}" if badge.detail else badge.word,
            "" if status.since_ms is None else words.span(now_ms - status.since_ms),
            "" if status.heartbeat_age_ms is None else words.age(status.heartbeat_age_ms),
            "" if told is None or not status.live else words.number(told.symbol_count),
            _plain(told.hostname, HOST_LIMIT) if told else "",
            _note(status, late=bool(seen.beat and seen.beat.late), silent=seen.silent, stuck=stuck),
        ),
    )


def _note(status: ExchangeStatus, late: bool, silent: bool, stuck: bool) -> str:
    told = status.status
    degraded = status.live and told is not None and facts.is_degraded(told)
    flags = (
        ("late", late),
        ("feed silent", silent),
        (signs.STUCK.text, stuck),
        (signs.DEGRADED.text, degraded),
        (status.reason or "", True),
    )
    said = ", ".join(text for text, shown in flags if text and shown)
    if not said and status.live and told and told.last_error:
        said = f"last error: {told.last_error}"
    return _plain(said, NOTE_LIMIT)


def _plain(text: str, limit: int) -> str:
    return words.plain(text if len(text) <= limit else f"{text[: limit - 1]}…", limit)


def _place(status: ExchangeStatus) -> tuple[int, str, int]:
    return badges.rank(badges.of_exchange(status)), status.exchange.name, status.exchange.id


def _table(rows: Sequence[Row], width: int | None) -> Iterator[str]:
    columns = list(zip(HEAD, *(row.cells for row in rows), strict=True))
    wide = [max(map(cells, column)) for column in columns]
    yield click.style(_cut(_line(HEAD, wide), width), bold=True)
    for row in rows:
        yield _coloured(row.badge, _cut(_line(row.cells, wide), width))


def _line(values: Sequence[str], wide: Sequence[int]) -> str:
    padded = []
    for at, (value, size) in enumerate(zip(values, wide, strict=True)):
        space = " " * (size - cells(value))
        padded.append(space + value if at in NUMBERS else value + space)
    return BETWEEN.join(padded).rstrip()


def _coloured(badge: Badge, line: str) -> str:
    if badge.token in badges.PROBLEMS:
        return click.style(line, fg="red")
    return line if badge.token in CALM else click.style(line, fg="yellow")


def _cut(line: str, width: int | None) -> str:
    if width is None or cells(line) <= width:
        return line
    while line and cells(line) >= width:
        line = line[:-1]
    return f"{line}…"


def _summary(rows: Sequence[Row]) -> str:
    tallies: dict[str, int] = {}
    for row in rows:
        tallies[row.cells[STATE].lower()] = tallies.get(row.cells[STATE].lower(), 0) + 1
    said = ", ".join(f"{count} {word}" for word, count in tallies.items())
    return f"{words.counted(len(rows), 'exchange')}: {said}"


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: two for wide characters, none for marks on the one before."""
    if text.isascii():
        return len(text)
    marks = sum(1 for character in text if unicodedata.combining(character))
    return len(text) - marks + sum(1 for character in text if unicodedata.east_asian_width(character) in "WF")

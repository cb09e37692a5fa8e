"""Cursors of the activity log: the name of an event, and what stands behind it in each of several logs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perseus.errors import PerseusError
from perseus.network.exchange import Exchange

CURSOR = re.compile(r"([a-z0-9_-]+):([0-9]{1,20})-([0-9]{1,20})")
#: The most that either number of a stream id can be.
ID_MAX = 2**64 - 1

#: Store milliseconds, sequence within them, exchange id: the order of all events.
Place = tuple[int, int, int]


class BadCursor(PerseusError):
    """Raised when a cursor is not `<exchange>:<stream id>`."""

    def __init__(self, cursor: str) -> None:
        super().__init__(
            f"{cursor!r} is not a cursor. Use one that an earlier page gave, or none for the newest events."
        )
        self.cursor = cursor


def place(cursor: str | None, known: Sequence[Exchange]) -> Place | None:
    """Where a cursor stands; None for none. Raises BadCursor."""
    if cursor is None:
        return None
    parts = CURSOR.fullmatch(cursor)
    ids = {exchange.name: exchange.id for exchange in known}
    if parts is None or parts[1] not in ids:
        raise BadCursor(cursor)
    ms, sequence = int(parts[2]), int(parts[3])
    if max(ms, sequence) > ID_MAX:
        raise BadCursor(cursor)
    if ms == sequence == 0:  # no entry has this id, and Redis refuses to look behind it
        raise BadCursor(cursor)
    return ms, sequence, ids[parts[1]]


def bound(before: Place | None, exchange: Exchange) -> str:
    """The newest stream id of `exchange` that stands behind that place, as XREVRANGE writes it."""
    if before is None:
        return "+"
    ms, sequence, exchange_id = before
    return f"{ms}-{sequence}" if exchange.id < exchange_id else f"({ms}-{sequence}"

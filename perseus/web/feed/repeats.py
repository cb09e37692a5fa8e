"""Errors that an exchange reports again and again, as one row of the feed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from perseus.web.feed.row import Repeat, Row


def folded(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, newest first, with equal errors of an exchange in one row at the place of the newest.

    Only what follows on each other in the log of that exchange is folded, so nothing that happened between is hidden.
    """
    kept: list[Row] = []
    latest: dict[str, int] = {}
    for row in rows:
        log = row.name.partition(":")[0]
        at = latest.get(log)
        if at is not None and _is_repeat(kept[at], row):
            kept[at] = _with(kept[at], row)
        else:
            latest[log] = len(kept)
            kept.append(row)
    return tuple(kept)


def _is_repeat(newer: Row, row: Row) -> bool:
    return newer.kind == row.kind == "error" and (newer.error, newer.after) == (row.error, row.after)


def _with(newer: Row, row: Row) -> Row:
    repeat = Repeat(row.name, row.at, row.count)
    return replace(newer, count=newer.count + row.count, repeats=(*newer.repeats, repeat))

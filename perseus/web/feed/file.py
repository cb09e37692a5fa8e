"""Events as the rows of a file: CSV for spreadsheets, NDJSON for programs. Pure."""

from __future__ import annotations

import csv as csvfile
import io
import json
from collections.abc import Iterator, Mapping
from typing import Final

from perseus.network.log.activity import Event
from perseus.web import moments

#: A row by column. What is not among `COLUMNS` goes into the last of them in CSV.
Line = Mapping[str, str]

COLUMNS: Final = (
    "time",
    "exchange",
    "event",
    "fromState",
    "toState",
    "reason",
    "error",
    "count",
    "downtimeMs",
    "hostname",
    "ip",
    "adminEmail",
    "instanceId",
    "fencingToken",
    "name",
)
OTHER = "other"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
ROWS_JOINED = 200


def line(event: Event) -> Line:
    """All fields of the event as stored, with its exchange, its name, and `time` by the store's clock."""
    own = {"time": moments.iso(event.at_ms) or "", "exchange": event.exchange.name, "name": event.name}
    return {**event.fields, **own}


def ndjson(lines: Iterator[Line]) -> Iterator[bytes]:
    """One JSON object a line."""
    for part in _parts(lines):
        yield "".join(json.dumps(dict(one)) + "\n" for one in part).encode()


def csv(lines: Iterator[Line]) -> Iterator[bytes]:
    """A header, then a row each; every cell quoted."""
    yield _rows([(*COLUMNS, OTHER)])
    for part in _parts(lines):
        yield _rows([_cells(one) for one in part])


def cell(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula: an apostrophe before whatever could begin one."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) else text


def _cells(one: Line) -> tuple[str, ...]:
    others = {key: value for key, value in one.items() if key not in COLUMNS}
    cells = (*(one.get(column, "") for column in COLUMNS), json.dumps(others) if others else "")
    return tuple(cell(text.replace("\0", "\ufffd")) for text in cells)


def _rows(rows: list[tuple[str, ...]]) -> bytes:
    file = io.StringIO(newline="")
    csvfile.writer(file, quoting=csvfile.QUOTE_ALL).writerows(rows)
    return file.getvalue().encode("utf-8", "replace")


def _parts(lines: Iterator[Line]) -> Iterator[list[Line]]:
    part: list[Line] = []
    for one in lines:
        part.append(one)
        if len(part) == ROWS_JOINED:
            yield part
            part = []
    if part:
        yield part

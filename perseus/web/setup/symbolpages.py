"""Watched symbols page by page: which of them are shown, and where the others are."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from perseus.web import words
from perseus.web.setup.symbolrows import SymbolRow

PER_PAGE, PART_MOST = 50, 60


@dataclass(frozen=True, slots=True)
class Paged:
    """`count`: of all that are watched, `matching`: those with `part` in their name. `said`: which of those are shown.

    `before`, `after`: what is asked for the pages beside it, '' for none.
    """

    rows: tuple[SymbolRow, ...]
    count: int
    matching: int
    part: str
    said: str
    before: str
    after: str

    @property
    def is_long(self) -> bool:
        """Are there more than one page holds?"""
        return self.count > PER_PAGE


def paged(rows: tuple[SymbolRow, ...], part: str, number: str) -> Paged:
    """That page of them, the nearest that there is. `number`: as somebody may have typed it, from 1 on."""
    part = part.strip()[:PART_MOST]
    sought = part.upper().replace("/", "-")
    found = tuple(row for row in rows if sought in row.symbol.upper())
    last = max(-(-len(found) // PER_PAGE), 1)
    at = min(max(int(number), 1), last) if number.isascii() and number.isdigit() and len(number) < 5 else 1
    shown = found[(at - 1) * PER_PAGE : at * PER_PAGE]
    first = (at - 1) * PER_PAGE + 1
    said = f"{first:,} to {first + len(shown) - 1:,} of {len(found):,}" if last > 1 else ""
    return Paged(
        shown,
        len(rows),
        len(found),
        words.plain(part, PART_MOST),
        said,
        _query(part, at - 1) if at > 1 else "",
        _query(part, at + 1) if at < last else "",
    )


def _query(part: str, number: int) -> str:
    return urlencode({**({"part": part} if part else {}), "page": number})

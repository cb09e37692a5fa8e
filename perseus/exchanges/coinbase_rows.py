"""The rows of a message of Coinbase that is bad as a whole, each with whom it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec

from perseus.exchanges.events import Subject, brief
from perseus.market.candle import Pair, is_symbol
from perseus.market.timeframes import Timeframe

FIVE_MINUTES = Timeframe.parse("5m")
FIELDS = ("candles", "tickers")
DIGITS = 15
"""Of a number that comes as text at most."""


class Row(msgspec.Struct):
    """One of a bad message. `type`: of what it stood in, which says whether it is of a snapshot.

    `flaw`: why it is not believed, though it may be good itself.
    """

    field: str
    type: Any
    said: Any
    flaw: str

    @property
    def product(self) -> str:
        """That it names, or ''."""
        product = self.said.get("product_id") if isinstance(self.said, dict) else None
        return product if isinstance(product, str) and is_symbol(product) else ""

    @property
    def subject(self) -> Subject | None:
        """Whom it is about, where it names a product."""
        return (Pair(self.product, FIVE_MINUTES) if self.field == "candles" else self.product) if self.product else None


def rows_of(said: dict[str, Any], flaw: str) -> Iterator[Row]:
    """Of every event of a message. `flaw`: of the whole of it."""
    events = said.get("events", [])
    for event in events if isinstance(events, list) else [events]:
        if isinstance(event, dict):
            yield from _rows_in(event, flaw)
        else:
            yield Row("events", "", event, flaw or f"{shown(event)} is no event")


def _rows_in(event: dict[str, Any], flaw: str) -> Iterator[Row]:
    """What should be a list and is none is about each product that its event names."""
    for field in FIELDS:
        told = event.get(field)
        why = flaw
        if told is not None and not isinstance(told, list):
            why = flaw or f"{shown(told)} is no list"
            told = [{"product_id": product} for product in _products(event)] or [told]
        yield from (Row(field, event.get("type", ""), row, why) for row in told or ())


def _products(event: dict[str, Any]) -> dict[str, None]:
    several = [told if isinstance(told, list) else [told] for told in map(event.get, FIELDS)]
    rows = (Row("", "", row, "") for row in chain(*several))
    return dict.fromkeys(row.product for row in rows if row.product)


def subjects_in(said: dict[str, Any]) -> tuple[Subject, ...]:
    """Whom the rows of a message are about, whatever its channel."""
    return tuple(dict.fromkeys(row.subject for row in rows_of(said, "") if row.subject is not None))


def whole(number: object) -> int | None:
    """A whole number, which may come as text; None for what is none."""
    if type(number) is int:
        return number
    is_text = isinstance(number, str) and number.isascii() and number.isdecimal() and len(number) <= DIGITS
    return int(str(number)) if is_text else None


def shown(part: object) -> str:
    """Its beginning, for people."""
    return brief(json.dumps(part).encode())

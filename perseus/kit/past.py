"""Events that were, out of the activity logs: oldest first, all exchanges in one order."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from typing import cast

from perseus import keys
from perseus.clock import parse_iso
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.store import Client, answers

PAGE = 500
SPAN = re.compile(r"(\d+)([smhd])")
UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class BadTime(PerseusError):
    """Raised for a text that names no time."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no time: write a span such as 30m, 12h or 7d, or 2026-11-21T10:00Z.")
        self.text = text


def moment(text: str, now_ms: int) -> int:
    """Unix milliseconds of `7d` (ago), or of ISO 8601 with a zone. Raises BadTime."""
    span = SPAN.fullmatch(text.strip())
    if span:
        return now_ms - int(span[1]) * UNIT_MS[span[2]]
    try:
        return parse_iso(text.strip())
    except ValueError:
        raise BadTime(text) from None


def events(client: Client, exchanges: Iterable[Exchange], since_ms: int, until_ms: int) -> Iterator[Event]:
    """All from `since_ms` up to `until_ms`. Errors as `perseus.store.answers`."""
    logs = [_log(client, exchange, since_ms, until_ms) for exchange in exchanges]
    yield from heapq.merge(*logs, key=lambda event: event.order)


def _log(client: Client, exchange: Exchange, since_ms: int, until_ms: int) -> Iterator[Event]:
    start = str(max(since_ms, 0))
    while True:
        with answers(client):
            found = client.xrange(keys.activity(exchange.name), start, str(until_ms), count=PAGE)
        page = cast("list[tuple[str, dict[str, str]]]", found)
        for stream_id, fields in page:
            yield Event(exchange, stream_id, fields)
        if len(page) < PAGE:
            return
        start = f"({page[-1][0]}"

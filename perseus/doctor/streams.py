"""How the activity logs grow: their entries, their bytes, and what they will take in 90 days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS
from perseus.store import Client
from perseus.store.batch import Batch

DAY_MS = 86_400_000
LEAST_SPAN_MS = DAY_MS
SAMPLE = 10
#: What a stream adds to the text of an entry, roughly: ids, lengths, nodes that are not full.
OVERHEAD = 24


@dataclass(frozen=True, slots=True)
class Growth:
    """One activity log. `span_ms`: from its oldest entry to now; `size`: its bytes, measured or estimated."""

    exchange: Exchange
    entries: int
    size: int
    span_ms: int

    @property
    def each(self) -> float:
        """Bytes of one entry."""
        return self.size / self.entries if self.entries else 0.0

    @property
    def a_day(self) -> float:
        """Entries a day; of less than a day no more is made than what is there, for a start writes much at once."""
        return self.entries / max(self.span_ms, LEAST_SPAN_MS) * DAY_MS

    def size_in_the_end(self, most_entries: int) -> float:
        """Bytes when 90 days are in it, or as many entries as it may have."""
        return min(self.a_day * RETENTION_MS / DAY_MS, most_entries) * self.each


def growths(client: Client, exchanges: Sequence[Exchange]) -> tuple[Growth, ...]:
    """Of each exchange that has a log. Raises StoreUnavailable, StoreRefused."""
    if not exchanges:
        return ()
    batch = Batch(client)
    for exchange in exchanges:
        key = keys.activity(exchange.name)
        batch.add("XLEN", key)
        batch.add("XRANGE", key, "-", "+", "COUNT", 1)
        batch.add("XREVRANGE", key, "+", "-", "COUNT", SAMPLE)
        batch.add("MEMORY USAGE", key)
    answers = batch.run()
    return tuple(_growths(exchanges, answers, batch))


def _growths(exchanges: Sequence[Exchange], answers: Sequence[Any], batch: Batch) -> Iterator[Growth]:
    for at, exchange in enumerate(exchanges):
        length, oldest, newest, size = answers[at * 4 : at * 4 + 4]
        if not (
            isinstance(length, int) and length and isinstance(oldest, list) and isinstance(newest, list) and newest
        ):
            continue
        began_ms = int(oldest[0][0].partition("-")[0]) if oldest else 0
        each = sum(_bytes(fields) for _, fields in newest) / len(newest)
        known = size if isinstance(size, int) else round(each * length)
        yield Growth(exchange, length, known, batch.now_ms(keys.activity(exchange.name)) - began_ms)


def _bytes(fields: dict[str, str]) -> int:
    """Names of fields are told once a node of the stream, and so hardly count."""
    return OVERHEAD + sum(len(value.encode()) + 2 for value in fields.values())

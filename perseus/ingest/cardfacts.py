"""What the card of an instance says of its engine."""

from __future__ import annotations

from perseus.exchanges.budget.book import BookState
from perseus.ingest.engine.writer import Writer
from perseus.network.statusfield import TEXT_MAX, Value


def card_facts(pairs: int, incomplete: int, unreadable: int, writer: Writer, book: BookState) -> dict[str, Value]:
    """How complete and how late the candles are since this was asked last, and what is used of the limits."""
    facts: dict[str, Value] = {
        "pairs": pairs,
        "incompletePairs": incomplete,
        "unreadablePairs": unreadable or None,
        "candlesWritten": writer.written,
        "writtenWithin": _within(writer.lag.percentile(0.99)),
        "weightUsed": _used(book),
    }
    writer.lag.forget()
    return facts


def _used(book: BookState) -> str:
    """What is used of the first limit, and until when nobody sends."""
    if book.frozen_until_ms is not None:
        seconds = max(1, -(-(book.frozen_until_ms - book.now_ms) // 1000))
        return f"frozen for {seconds} s: {book.why}"[:TEXT_MAX]
    used = (f"{one.used} of {one.cap} in {one.limit.interval_ms / 1000:g} s" for one in book.usages)
    return next(used, "nothing")


def _within(ms: int | None) -> str | None:
    """How late a candle was written, but for one in a hundred."""
    return None if ms is None else f"{ms} ms"

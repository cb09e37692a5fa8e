"""Candles that nobody finishes any more: of symbols that are gone."""

from __future__ import annotations

from collections.abc import Iterable

from perseus.clock import iso
from perseus.ingest.engine.series import Series


def left_open(every: Iterable[Series], symbol: str) -> str | None:
    """Which candles of a symbol that is gone stand open for good, in a line for people; None: none does."""
    left = [text for one in every if one.pair.symbol == symbol and (text := _unfinished(one)) is not None]
    return (
        f"{symbol}: the exchange never finished its last candles, which stay open: {', '.join(left)}." if left else None
    )


def _unfinished(series: Series) -> str | None:
    """The candle that its stream has left open, by timeframe and opening time (UTC)."""
    one = series.newest
    if one is None or one.is_closed or not series.coverage.unverified(one.open_ms, one.open_ms + 1):
        return None
    return f"{series.pair.timeframe} of {iso(one.open_ms)}"

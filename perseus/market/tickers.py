"""Reads tickers of many symbols in one go, for whoever holds no lease."""

from __future__ import annotations

from collections.abc import Iterable

from perseus import keys
from perseus.market.ticker import BadTicker, Ticker
from perseus.store import Client
from perseus.store.batch import Batch


def newest(client: Client, exchange_id: int, symbols: Iterable[str]) -> dict[str, Ticker]:
    """By symbol, what was told within a minute. One that is junk is left out. Raises StoreUnavailable, StoreRefused."""
    names = tuple(dict.fromkeys(symbols))
    if not names:
        return {}
    batch = Batch(client)
    for symbol in names:
        batch.add("GET", keys.ticker(exchange_id, symbol))
    found = {}
    for symbol, text in zip(names, batch.run(), strict=True):
        ticker = _read(text)
        if ticker is not None and ticker.symbol == symbol:
            found[symbol] = ticker
    return found


def _read(text: object) -> Ticker | None:
    try:
        return Ticker.from_json(text) if isinstance(text, str | bytes) else None
    except BadTicker:
        return None

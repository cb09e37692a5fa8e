"""Tickers in the store: the newest of each symbol, for a minute, and told on its channel when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from perseus import keys
from perseus.errors import StoreCorrupt
from perseus.market.ticker import BadTicker, Ticker
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client, Script, answers, where

LIVES_SECONDS = 60


@dataclass
class StoredTickers:
    """What came of a write: how many stand now, how many were older than what is there, and whose key is not ours."""

    written: int = 0
    refused: int = 0
    corrupt: dict[str, StoreCorrupt] = field(default_factory=dict)


class TickerCache:
    """Writes and reads the tickers of one exchange with the fencing token of its lease.

    Errors of all calls: as `perseus.store.answers`, and StoreCorrupt.
    """

    def __init__(self, client: Client, exchange_id: int, token: str) -> None:
        self._client = client
        self._exchange_id = exchange_id
        self._token = token
        self._script = Script(client, "ticker", package="perseus.market")

    def store(self, tickers: Sequence[Ticker]) -> StoredTickers:
        """Write them and tell those that changed. Raises WriteFenced when a later lease has written one of them."""
        stored = StoredTickers()
        calls = [([keys.ticker(self._exchange_id, ticker.symbol)], self._arguments(ticker)) for ticker in tickers]
        for ticker, answer in zip(tickers, self._script.each(calls), strict=True):
            if isinstance(answer, StoreCorrupt):
                stored.corrupt[ticker.symbol] = answer
            elif answer[0] == "FENCED":
                raise WriteFenced(keys.ticker(self._exchange_id, ticker.symbol), self._token, str(answer[1]))
            elif answer[0] == "OLDER":
                stored.refused += 1
            else:
                stored.written += 1
        return stored

    def get(self, symbol: str) -> Ticker | None:
        """The ticker of a symbol; None when none was told within a minute."""
        key = keys.ticker(self._exchange_id, symbol)
        with answers(self._client):
            text = self._client.get(key)
        try:
            return None if text is None else Ticker.from_json(str(text))
        except BadTicker:
            raise StoreCorrupt(where(self._client), key) from None

    def _arguments(self, ticker: Ticker) -> list[str | bytes | int]:
        channel = keys.ticker_channel(self._exchange_id, ticker.symbol)
        text = ticker.to_json(self._exchange_id, self._token)
        return [self._token, ticker.event_ms, LIVES_SECONDS, channel, text]

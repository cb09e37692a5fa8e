"""How old the newest finished candle of each pair is, as far as the store bears it out. Two round trips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from perseus import keys
from perseus.market.candle import Pair
from perseus.market.coverage import BadCoverage, Coverage
from perseus.market.liquidity import Liquidity, rated
from perseus.market.ticker import BadTicker, Ticker
from perseus.market.timeframes import Timeframe
from perseus.store import Client
from perseus.store.batch import Batch


@dataclass(frozen=True, slots=True)
class Freshness:
    """At `now_ms` of the store. `ended_ms`: until when a pair is known; pairs that have no candle lack.

    That is the end of its newest finished candle, or of what the exchange lacks behind it: a symbol that nobody trades
    is not behind. `liquidity`: by symbol, as far as tickers tell.
    """

    now_ms: int
    symbols: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]
    ended_ms: Mapping[Pair, int]
    liquidity: Mapping[str, Liquidity]

    def age(self, symbol: str, timeframe: Timeframe) -> float | None:
        """How long ago that was, in intervals; None where there is none."""
        ended_ms = self.ended_ms.get(Pair(symbol, timeframe))
        if ended_ms is None:
            return None
        return max(0, self.now_ms - ended_ms) / (timeframe.close_of(timeframe.open_of(ended_ms)) - ended_ms)


def read(client: Client, exchange_id: int, symbols: Sequence[str], timeframes: Sequence[Timeframe]) -> Freshness:
    """Of these pairs. What cannot be read counts as nothing. Errors as `Batch.run`."""
    pairs = [Pair(symbol, timeframe) for symbol in symbols for timeframe in timeframes]
    claimed = _claimed(client, exchange_id, pairs)
    batch = Batch(client)
    batch.add("EXISTS", keys.status(exchange_id))  # its server's clock is the one that the exchange goes by
    for pair, claim in claimed.items():
        batch.add("ZCOUNT", keys.candles(exchange_id, pair.symbol, pair.timeframe.name), claim.open_ms, claim.open_ms)
    for symbol in symbols:
        batch.add("GET", keys.ticker(exchange_id, symbol))
    _, *rest = batch.run()
    counts, tickers = rest[: len(claimed)], rest[len(claimed) :]
    there = {pair: claim.ended_ms for (pair, claim), n in zip(claimed.items(), counts, strict=True) if n == 1}
    known = rated(ticker for text in tickers if (ticker := _ticker(text)) is not None)
    return Freshness(batch.now_ms(keys.status(exchange_id)), tuple(symbols), tuple(timeframes), there, known)


class Claim(NamedTuple):
    """What a coverage says: when the newest exact candle opens, and until when everything is known."""

    open_ms: int
    ended_ms: int


def _claimed(client: Client, exchange_id: int, pairs: Sequence[Pair]) -> dict[Pair, Claim]:
    """What the coverage of each pair says, where it says something."""
    if not pairs:
        return {}
    batch = Batch(client)
    for pair in pairs:
        batch.add("HGET", keys.candles_meta(exchange_id, pair.symbol, pair.timeframe.name), "coverage")
    found = {pair: _newest(pair, text) for pair, text in zip(pairs, batch.run(), strict=True)}
    return {pair: claim for pair, claim in found.items() if claim is not None}


def _newest(pair: Pair, text: object) -> Claim | None:
    if not isinstance(text, str):
        return None
    try:
        known = Coverage.from_json(text)
        if not known.verified:
            return None
        end_ms = known.spans[-1].end_ms
        is_sound = pair.timeframe.is_open(end_ms) and pair.timeframe.is_open(known.verified[-1][1])
        return Claim(pair.timeframe.open_of(known.verified[-1][1] - 1), end_ms) if is_sound else None
    except (BadCoverage, ValueError, OverflowError):
        return None


def _ticker(text: object) -> Ticker | None:
    try:
        return Ticker.from_json(text) if isinstance(text, str) else None
    except BadTicker:
        return None

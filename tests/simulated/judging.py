"""Whether a cache holds what a simulated exchange has, and whether its coverage says the truth about it."""

from __future__ import annotations

from decimal import Decimal

from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.simulator.exchange import Exchange
from perseus.simulator.market.bar import Bar
from perseus.simulator.market.truth import Known
from tests.simulated.memory import MemoryCache

UNIT = Decimal(10**8)
NUMBERS = ("open", "high", "low", "close", "volume")


def judged(
    exchange: Exchange, cache: MemoryCache, pair: Pair, depth: int, until_ms: int, now_ms: int | None = None
) -> list[str]:
    """What is wrong with the newest `depth` candles that ended by `until_ms`, a line each.

    None need be sure that is not among the newest `depth` at `now_ms` any more (None: that is `until_ms`). Of a symbol
    that is gone nothing need be complete, only true: the exchange answers nothing about it any more.
    """
    frame = pair.timeframe
    end_ms = frame.open_of(until_ms)
    first_ms = frame.shift(end_ms, -depth)
    truth = {
        known.bar.open_ms: known
        for known in exchange.truth.known(pair.symbol, frame.name, first_ms, end_ms - 1)
        if known.is_closed
    }
    candles, coverage = cache.candles.get(pair, {}), cache.coverage.get(pair, Coverage())
    found = [f"made up: {candles[at]}" for at in candles if first_ms <= at < end_ms and at not in truth]
    for start, end in coverage.verified:
        for at in frame.opens(max(start, first_ms), min(end, end_ms)):
            found += _verified(at, truth.get(at), candles.get(at))
    for start, end, why in coverage.holes:
        opens = frame.opens(max(start, first_ms), min(end, end_ms))
        found += [f"{at} is said to be absent: {why}" for at in opens if at in truth and truth[at].must]
    market = exchange.truth.markets[pair.symbol]
    if not market.is_gone:
        kept_ms = first_ms if now_ms is None else frame.shift(frame.open_of(now_ms), -depth)
        first_had = max(first_ms, kept_ms, frame.next_open(market.listed_ms or 0))
        found += [f"{start} to {end} is not sure" for start, end in coverage.unverified(first_had, end_ms)]
    return [f"{pair}: {line}" for line in found]


def _verified(at: int, known: Known | None, candle: Candle | None) -> list[str]:
    if candle is None or known is None:
        return [f"{at} is said to be there: it is {'not cached' if candle is None else 'not at the exchange'}"]
    return [f"{at} {wrong}" for wrong in _unlike(candle, known.bar)]


def _unlike(candle: Candle, bar: Bar) -> list[str]:
    if not candle.is_closed:
        return ["is still open"]
    wrong = [name for name in NUMBERS if Decimal(getattr(candle, name)) * UNIT != getattr(bar, name)]
    if candle.trades is not None and candle.trades != bar.trades:
        wrong.append("trades")
    return [f"has a wrong {', '.join(wrong)}: {candle} is not {bar}"] if wrong else []

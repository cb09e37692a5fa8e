"""The candles that REST answers with: the truth, as far as the faults of the exchange's database let it through."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.simulator.exchange import Exchange
from perseus.simulator.market import buckets
from perseus.simulator.market.bar import Bar


@dataclass(frozen=True)
class Span:
    """What was asked for: buckets that open from `first_ms` to `last_ms`, `limit` of them at most."""

    symbol: str
    timeframe: str
    first_ms: int | None
    last_ms: int | None
    limit: int


def rows(exchange: Exchange, span: Span) -> list[Bar]:
    """In order of time, unless a fault has shuffled them."""
    truth = exchange.truth
    found = truth.bars(span.symbol, span.timeframe, span.first_ms, span.last_ms, span.limit)
    found = [_lagging(exchange, span, bar) for bar in found if not _is_hole(exchange, span, bar)]
    found = _filled(exchange, span, found)
    return _disordered(exchange, span, found)


def _is_hole(exchange: Exchange, span: Span, bar: Bar) -> bool:
    """Decided once for each closed candle, and then for good."""
    key = (span.symbol, span.timeframe, bar.open_ms)
    if key in exchange.truth.only_stream:
        return True
    if key in exchange.rows_decided or buckets.close_of(span.timeframe, bar.open_ms) > exchange.timers.now_ms:
        return False
    fault = exchange.faults.now("rest_hole", span.symbol)
    if fault is None or fault.params["timeframe"] not in ("*", span.timeframe):
        return False
    exchange.rows_decided.add(key)
    if exchange.faults.hit("rest_hole", span.symbol) is None:
        return False
    exchange.truth.only_stream.add(key)
    return True


def _lagging(exchange: Exchange, span: Span, bar: Bar) -> Bar:
    closed = buckets.close_of(span.timeframe, bar.open_ms)
    lag = exchange.faults.now("rest_lag", span.symbol)
    if lag is None or not closed <= exchange.timers.now_ms < closed + int(lag.params["ms"]) or bar.trades < 2:
        return bar
    exchange.faults.hit("rest_lag", span.symbol)
    bar.trades -= 1
    bar.volume -= max(1, bar.volume // 50)
    bar.quote -= bar.quote // 50
    return bar


def _filled(exchange: Exchange, span: Span, found: list[Bar]) -> list[Bar]:
    """Flat rows between two that are there."""
    if len(found) < 2 or exchange.faults.now("zero_volume_row", span.symbol) is None:
        return found
    whole = [found[0]]
    for bar in found[1:]:
        opened = buckets.close_of(span.timeframe, whole[-1].open_ms)
        while opened < bar.open_ms and (span.first_ms is None or len(whole) < span.limit):
            whole.append(_flat(exchange, span, opened, whole[-1]))
            opened = buckets.close_of(span.timeframe, opened)
        whole.append(bar)
    return whole[-span.limit :] if span.first_ms is None else whole[: span.limit]


def _flat(exchange: Exchange, span: Span, opened: int, before: Bar) -> Bar:
    key = (span.symbol, span.timeframe, opened)
    if key not in exchange.truth.only_rest and exchange.truth.bar(*key) is None:
        exchange.faults.hit("zero_volume_row", span.symbol)
        price = before.close
        exchange.truth.only_rest[key] = Bar(opened, price, price, price, price, 0, 0, 0, 0)
    return exchange.truth.only_rest.get(key) or exchange.truth.bar(*key) or before


def _disordered(exchange: Exchange, span: Span, found: list[Bar]) -> list[Bar]:
    hit, dice = exchange.faults.hit, exchange.faults.roll()
    newest = (span.symbol, span.timeframe, found[-1].open_ms) if found else None
    if newest and newest not in exchange.rows_lacked and (fault := hit("rest_missing", span.symbol)):
        exchange.rows_lacked.add(newest)
        del found[-int(fault.params["rows"]) :]
    if found and hit("rest_duplicate", span.symbol):
        found.insert(0, found[dice.randrange(len(found))].copy())
    if found and hit("rest_shuffled", span.symbol):
        dice.shuffle(found)
    return found

"""What Binance says, in its own shapes: keys, types and order as on the wire."""

from __future__ import annotations

from typing import Any

from perseus.simulator.exchange import Exchange
from perseus.simulator.market import buckets
from perseus.simulator.market.bar import UNIT, Bar, text
from perseus.simulator.market.numbers import amount, price
from perseus.simulator.market.truth import Market

Json = dict[str, Any]
DECIMALS = 8


def row(exchange: Exchange, symbol: str, timeframe: str, bar: Bar) -> list[Any]:
    """One of GET /api/v3/klines."""
    told = [price(exchange, symbol, units) for units in (bar.open, bar.high, bar.low, bar.close)]
    last_ms = buckets.close_of(timeframe, bar.open_ms) - 1
    volumes = [amount(exchange, symbol, units) for units in (bar.volume, bar.quote, bar.taker, bar.taker_quote)]
    return [bar.open_ms, *told, volumes[0], last_ms, volumes[1], bar.trades, *volumes[2:], "0"]


def kline(exchange: Exchange, symbol: str, timeframe: str, bar: Bar, is_closed: bool) -> Json:
    """One event of <symbol>@kline_<timeframe>."""
    state: Json = {
        "t": bar.open_ms,
        "T": buckets.close_of(timeframe, bar.open_ms) - 1,
        "s": symbol,
        "i": timeframe,
        "f": bar.first_id,
        "L": bar.last_id,
        "o": price(exchange, symbol, bar.open),
        "c": price(exchange, symbol, bar.close),
        "h": price(exchange, symbol, bar.high),
        "l": price(exchange, symbol, bar.low),
        "v": amount(exchange, symbol, bar.volume),
        "n": bar.trades,
        "x": is_closed,
        "q": amount(exchange, symbol, bar.quote),
        "V": amount(exchange, symbol, bar.taker),
        "Q": amount(exchange, symbol, bar.taker_quote),
        "B": "0",
    }
    event: Json = {"e": "kline", "E": exchange.told_ms(), "s": symbol, "k": state}
    if exchange.faults.hit("unknown_fields", symbol):
        state["zz"] = {"new": [1, None, "x"]}
        event["ts"] = 1.5
    return event


def mini_ticker(exchange: Exchange, symbol: str) -> Json:
    """One event of <symbol>@miniTicker."""
    day = exchange.days.of(symbol)
    return {
        "e": "24hrMiniTicker",
        "E": exchange.told_ms(),
        "s": symbol,
        "c": price(exchange, symbol, day.close),
        "o": price(exchange, symbol, day.open),
        "h": price(exchange, symbol, day.high),
        "l": price(exchange, symbol, day.low),
        "v": amount(exchange, symbol, day.volume),
        "q": amount(exchange, symbol, day.quote),
    }


def ticker(exchange: Exchange, symbol: str, is_mini: bool) -> Json:
    """One of GET /api/v3/ticker/24hr."""
    day, now = exchange.days.of(symbol), exchange.told_ms()
    told: Json = {"symbol": symbol}
    if not is_mini:
        share = (day.close - day.open) / day.open * 100
        told |= {"priceChange": text(day.close - day.open), "priceChangePercent": f"{share:.3f}"}
        told["weightedAvgPrice"] = text(day.quote * UNIT // day.volume if day.volume else 0)
        told |= {"prevClosePrice": text(day.open), "lastPrice": text(day.close), "lastQty": text(day.volume // 100)}
        told |= {"bidPrice": text(day.close), "bidQty": "1.00000000"}
        told |= {"askPrice": text(day.close + exchange.truth.markets[symbol].manner.tick), "askQty": "1.00000000"}
    told |= {"openPrice": text(day.open), "highPrice": text(day.high), "lowPrice": text(day.low)}
    told |= {"lastPrice": text(day.close)} if is_mini else {}
    told |= {"volume": text(day.volume), "quoteVolume": text(day.quote), "openTime": day.open_ms, "closeTime": now}
    return told | {"firstId": day.first_id, "lastId": day.last_id, "count": day.trades}


def symbol_info(market: Market) -> Json:
    """One of `symbols` of GET /api/v3/exchangeInfo."""
    tick = text(market.manner.tick)
    return {
        "symbol": market.symbol,
        "status": market.status,
        "baseAsset": market.base,
        "baseAssetPrecision": DECIMALS,
        "quoteAsset": market.quote,
        "quotePrecision": DECIMALS,
        "quoteAssetPrecision": DECIMALS,
        "baseCommissionPrecision": DECIMALS,
        "quoteCommissionPrecision": DECIMALS,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": "0.00000100", "maxQty": "9000.00000000", "stepSize": "0.00000001"},
            {"filterType": "MIN_NOTIONAL", "minNotional": "10.00000000", "applyToMarket": True, "avgPriceMins": 5},
        ],
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
    }


def info(exchange: Exchange, markets: list[Market]) -> Json:
    """GET /api/v3/exchangeInfo."""
    rules = exchange.rules
    limits = [
        ("REQUEST_WEIGHT", "MINUTE", 1, rules.weight),
        ("ORDERS", "SECOND", 10, 50),
        ("ORDERS", "DAY", 1, 160_000),
        ("RAW_REQUESTS", "MINUTE", 5, rules.requests),
    ]
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return {
        "timezone": "UTC",
        "serverTime": exchange.told_ms(),
        "rateLimits": [dict(zip(names, limit, strict=True)) for limit in limits],
        "exchangeFilters": [],
        "symbols": [symbol_info(market) for market in markets],
    }

"""What Coinbase Advanced Trade says, in its own shapes: keys, types and order as on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from perseus.simulator.exchange import Exchange
from perseus.simulator.market.bar import Bar, short, text
from perseus.simulator.market.numbers import amount, price
from perseus.simulator.market.truth import Market

Json = dict[str, Any]
GRANULARITIES = {
    "ONE_MINUTE": "1m",
    "FIVE_MINUTE": "5m",
    "FIFTEEN_MINUTE": "15m",
    "THIRTY_MINUTE": "30m",
    "ONE_HOUR": "1h",
    "TWO_HOUR": "2h",
    "FOUR_HOUR": "4h",
    "SIX_HOUR": "6h",
    "ONE_DAY": "1d",
}


def candle(exchange: Exchange, product: str, bar: Bar) -> Json:
    """One of the candles over REST; `start` in seconds."""
    prices = {"low": bar.low, "high": bar.high, "open": bar.open, "close": bar.close}
    told = {"start": str(bar.open_ms // 1_000)}
    told |= {name: price(exchange, product, units, short) for name, units in prices.items()}
    told["volume"] = amount(exchange, product, bar.volume, short)
    return told | ({"zz": [None, 1]} if exchange.faults.hit("unknown_fields", product) else {})


def streamed(exchange: Exchange, product: str, bar: Bar) -> Json:
    """One of the candles over WebSocket: other order, and its product."""
    told = candle(exchange, product, bar)
    return {name: told.pop(name) for name in ("start", "high", "low", "open", "close", "volume")} | {
        "product_id": product,
        **told,
    }


def ticker(exchange: Exchange, product: str, has_book: bool) -> Json:
    """One of channel ticker, or of ticker_batch, which knows no bid and ask."""
    day, tick = exchange.days.of(product), _market(exchange, product).manner.tick
    low, high = exchange.years.of(product, day)
    told = {
        "type": "ticker",
        "product_id": product,
        "price": price(exchange, product, day.close, short),
        "volume_24_h": amount(exchange, product, day.volume, short),
        "low_24_h": short(day.low),
        "high_24_h": short(day.high),
        "low_52_w": short(low),
        "high_52_w": short(high),
        "price_percent_chg_24_h": f"{(day.close - day.open) / day.open * 100:.8f}",
    }
    sides = {"best_bid": short(day.close - tick), "best_bid_quantity": "1.5"}
    return told | (sides | {"best_ask": short(day.close + tick), "best_ask_quantity": "0.5"} if has_book else {})


def trades(exchange: Exchange, product: str) -> Json:
    """GET /market/products/{id}/ticker: the last trade, told three times."""
    book, tick = exchange.truth.book(product), _market(exchange, product).manner.tick
    last = {
        "trade_id": str(book.last_ms or exchange.start_ms),
        "product_id": product,
        "price": short(book.last_price),
        "size": "0.00064",
        "time": moment(book.last_ms or exchange.start_ms),
        "side": "SELL",
        "bid": "",
        "ask": "",
        "exchange": "coinbase",
    }
    return {"trades": [last], "best_bid": short(book.last_price - tick), "best_ask": short(book.last_price + tick)}


def product(exchange: Exchange, market: Market) -> Json:
    """One of GET /market/products."""
    day, is_open = exchange.days.of(market.symbol), market.status == "TRADING"
    others = [name for name, other in exchange.truth.markets.items() if other.alias_of == market.symbol]
    tick, change = short(market.manner.tick), (day.close - day.open) / day.open * 100
    told: Json = {"product_id": market.symbol, "price": short(day.close)}
    told |= {"price_percentage_change_24h": f"{change:.14f}", "volume_24h": short(day.volume)}
    told |= {"volume_percentage_change_24h": "0", "base_increment": "0.00000001", "quote_increment": tick}
    told |= {"quote_min_size": "1", "quote_max_size": "150000000", "base_min_size": "0.00000001"}
    told |= {"base_max_size": "3400", "base_name": market.base, "quote_name": market.quote, "watched": False}
    told |= {"is_disabled": False, "new": False, "status": "online" if is_open else "offline"}
    told |= {"cancel_only": market.status == "CANCEL_ONLY", "limit_only": False, "post_only": False}
    told |= {"trading_disabled": not is_open, "auction_mode": False, "product_type": "SPOT"}
    told |= {"quote_currency_id": market.quote, "base_currency_id": market.base, "fcm_trading_session_details": None}
    told |= {"mid_market_price": "", "alias": market.alias_of, "alias_to": others}
    told |= {"base_display_symbol": market.base, "quote_display_symbol": market.quote, "view_only": False}
    told |= {"price_increment": tick, "display_name": market.symbol, "product_venue": "CBE"}
    told |= {"approximate_quote_24h_volume": text(day.quote), "new_at": "2023-01-01T00:00:00Z", "market_cap": ""}
    told |= dict.fromkeys(("base_cbrn", "quote_cbrn", "product_cbrn", "icon_color", "icon_url"), "")
    told |= {"display_name_overwrite": "", "is_alpha_testing": False, "about_description": ""}
    return told | {"best_bid_price": "", "best_ask_price": ""}


def moment(ms: int) -> str:
    """RFC 3339 with nanoseconds."""
    return datetime.fromtimestamp(ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1_000:03d}000000Z"


def message(exchange: Exchange, channel: str, events: list[Any], earlier_ms: int = 0) -> Json:
    """The envelope of everything, made now. Each connection puts its own number into it."""
    told = moment(exchange.told_ms() - earlier_ms)
    return {"channel": channel, "timestamp": told, "sequence_num": 0, "events": events}


def heartbeat(exchange: Exchange, counter: int) -> Json:
    now = exchange.told_ms()
    since = (now - exchange.start_ms) / 1_000
    shown = datetime.fromtimestamp(now // 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {"current_time": f"{shown}.{now % 1_000:03d}000000 +0000 UTC m=+{since:.9f}", "heartbeat_counter": counter}


def _market(exchange: Exchange, symbol: str) -> Market:
    return exchange.truth.markets[symbol]

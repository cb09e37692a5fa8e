"""Coinbase's dialect, form by form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perseus.exchanges.coinbase import Coinbase
from perseus.exchanges.dialect import BadAnswer, NotFetched
from perseus.exchanges.events import (
    Beat,
    CandleEvent,
    Refused,
    Sequence,
    Subscribed,
    TickerEvent,
    Unknown,
    Unreadable,
)
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from tests.dialects.readings import answer, payload

COINBASE = Coinbase()
START = 1_775_521_800
STAMP = "2026-04-07T14:30:05.123456789Z"
ROW = {"start": str(START), "high": "3", "low": "1", "open": "2", "close": "2.50", "volume": "42.15"}


def pair(symbol: str, timeframe: str = "5m") -> Pair:
    return Pair(symbol, Timeframe.parse(timeframe))


def said(channel: str, events: Any, dialect: Coinbase = COINBASE, **more: Any) -> list[Any]:
    message = {"channel": channel, "timestamp": STAMP, "sequence_num": 4, "events": events, **more}
    return dialect.decode(json.dumps(message).encode())


def candles(kind: str, *rows: dict[str, Any]) -> list[Any]:
    return [{"type": kind, "candles": [{**ROW, "product_id": "BTC-USD", **row} for row in rows]}]


def test_a_candle_is_never_told_closed_and_its_number_comes_first() -> None:
    number, event = said("candles", candles("update", {}))
    assert number == Sequence(4)
    assert isinstance(event, CandleEvent)
    assert event.pair == pair("BTC-USD")
    candle = event.candle
    assert (candle.open_ms, candle.close, candle.is_closed) == (START * 1000, "2.50", False)
    assert (candle.quote_volume, candle.trades) == (None, None)
    assert candle.event_ms == 1_775_572_205_123


def test_a_snapshot_in_any_order_and_with_holes_is_marked_and_closes_nothing() -> None:
    starts = [START + 300 * step for step in (7, 0, 40, 3)]
    _, *events = said("candles", candles("snapshot", *({"start": str(start)} for start in starts)))
    assert [event.candle.open_ms for event in events] == [start * 1000 for start in starts]
    assert all(event.is_snapshot and not event.candle.is_closed for event in events)


@pytest.mark.parametrize("start", ["1775521801", "soon", "", -300, "1775521800.5"])
def test_a_start_that_is_none_is_named(start: Any) -> None:
    _, event = said("candles", candles("update", {"start": start}))
    assert isinstance(event, Unreadable)
    assert event.text.startswith("candles of BTC-USD: ")


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-1", ""])
def test_what_is_no_number_is_refused_by_name(bad: str) -> None:
    _, event = said("candles", candles("update", {"volume": bad}))
    assert event.subject == pair("BTC-USD")
    assert f"its volume is {bad!r}" in event.text


@pytest.mark.parametrize("counter", [42, "42"])
def test_a_heartbeat_counts_as_text_or_number(counter: Any) -> None:
    beat = {"current_time": "2026-04-07 14:30:10.0 +0000 UTC m=+12.3", "heartbeat_counter": counter}
    assert said("heartbeats", [beat], client_id="")[1] == Beat(42, 1_775_572_205_123)


def test_what_is_subscribed_is_read_whole() -> None:
    channels = {"candles": ["BTC-USD", "ETH-USD"], "heartbeats": ["heartbeats"], "ticker": []}
    (_, event) = said("subscriptions", [{"subscriptions": channels}])
    assert event == Subscribed(frozenset({"candles:BTC-USD", "candles:ETH-USD", "heartbeats"}))


def test_the_scope_of_numbers_is_a_setting() -> None:
    per_product = Coinbase(scope="product")
    assert said("candles", candles("update", {}), per_product)[0] == Sequence(4, "BTC-USD")
    assert said("heartbeats", [{"heartbeat_counter": 1}], per_product)[0] == Sequence(4, "heartbeats")


def test_errors_other_channels_and_what_cannot_be_read_are_told_apart() -> None:
    assert COINBASE.decode(b'{"type":"error","message":"rate limit"}') == [Refused(None, "rate limit")]
    assert said("level2", [{"type": "update", "updates": [{"side": "bid"}]}]) == [Sequence(4), Unknown("level2")]
    number, bad = said("candles", [{"type": "update", "candles": [{"start": 1}]}])
    assert (number, type(bad)) == (Sequence(4), Unreadable)
    assert [type(event) for event in said("candles", candles("update", {}), timestamp="yesterday")] == [
        Sequence,
        Unreadable,
    ]


@pytest.mark.parametrize("name", ["candles", "heartbeats", "subscriptions", "ticker", "market_trades"])
def test_the_forms_of_the_documentation_are_read(name: str) -> None:
    text = payload(f"coinbase_ws_{name}")
    number, event = COINBASE.decode(text)
    given = json.loads(text)
    assert number == Sequence(given["sequence_num"])
    if isinstance(event, CandleEvent):
        (row,) = given["events"][0]["candles"]
        read = event.candle
        assert (str(read.open_ms // 1000), read.open, read.high, read.low, read.close, read.volume) == (
            row["start"], row["open"], row["high"], row["low"], row["close"], row["volume"],
        )  # fmt: skip
    elif isinstance(event, TickerEvent):
        (row,) = given["events"][0]["tickers"]
        assert (event.ticker.price, event.ticker.bid, event.ticker.ask) == (
            row["price"], row["best_bid"], row["best_ask"],
        )  # fmt: skip
        assert event.ticker.change24h == "1251.51"
    else:
        assert isinstance(event, {"heartbeats": Beat, "subscriptions": Subscribed}.get(name, Unknown))


def test_real_history_comes_newest_first_and_is_given_oldest_first() -> None:
    text = payload("coinbase_http_candles")
    read = COINBASE.parse_history(answer(text), pair("BTC-USD", "1h"), 1_712_193_000_000)
    expected = sorted(json.loads(text)["candles"], key=lambda row: int(row["start"]))
    assert [
        (str(c.open_ms // 1000), c.open, c.high, c.low, c.close, c.volume) for c in read
    ] == [
        tuple(row[name] for name in ("start", "open", "high", "low", "close", "volume")) for row in expected
    ]  # fmt: skip
    assert [candle.is_closed for candle in read] == [True, False]


def test_real_products_are_read_with_their_aliases() -> None:
    listings, limits = COINBASE.parse_listings(answer(payload("coinbase_http_products")))
    assert listings.aliases() == {"BTC-USDC": "BTC-USD"}
    assert [(one.symbol, one.base, one.quote, one.status) for one in listings] == [
        ("BTC-USD", "BTC", "USD", "trading"),
        ("BTC-USDC", "BTC", "USDC", "trading"),
    ]
    assert limits == (), "it tells them in the headers of each answer"


@pytest.mark.parametrize("flag", ["trading_disabled", "is_disabled", "cancel_only", "post_only", "view_only"])
def test_a_product_that_does_not_trade_is_halted_and_says_why(flag: str) -> None:
    product = {"product_id": "A-B", "base_currency_id": "A", "quote_currency_id": "B", "status": "online", flag: True}
    listings, _ = COINBASE.parse_listings(answer(json.dumps({"products": [product]})))
    (listing,) = listings
    assert (listing.status, listing.native) == ("halted", f"online, {flag}")


def test_half_of_the_products_is_no_listing() -> None:
    with pytest.raises(BadAnswer, match="a part of them"):
        COINBASE.parse_listings(answer('{"products":[],"pagination":{"has_next":true}}'))


def test_history_is_asked_for_past_the_cache_and_only_as_much_as_fits() -> None:
    day = Timeframe.parse("4h").ms or 0
    request = COINBASE.history_request(pair("BTC-USD", "4h"), 0, 350 * day, 350)
    assert request.path == "/api/v3/brokerage/market/products/BTC-USD/candles"
    assert request.params == {
        "start": "0",
        "end": str(350 * day // 1000 - 1),
        "granularity": "FOUR_HOUR",
        "limit": "350",
    }
    assert request.headers == {"cache-control": "no-cache"}
    with pytest.raises(NotFetched, match="not 351 of BTC-USD 4h"):
        COINBASE.history_request(pair("BTC-USD", "4h"), 0, 351 * day, 350)
    with pytest.raises(NotFetched, match="has no 3m candles"):
        COINBASE.history_request(pair("BTC-USD", "3m"), 0, day, 350)
    with pytest.raises(NotFetched, match="streams no 1m"):
        COINBASE.socket_plan([pair("BTC-USD", "1m")], [])


def test_one_channel_a_message_at_most_a_hundred_products_and_aliases_known() -> None:
    products = [f"S{number:03}-USD" for number in range(199)]
    shards = COINBASE.socket_plan([pair(name) for name in products], products[:2], {"S000-USD": "OTHER"})
    messages = COINBASE.subscribe_messages(shards[0].subscriptions, 1)
    read = [json.loads(message.text) for message in messages]
    assert {(one["type"], one["channel"], len(one["product_ids"])) for one in read} <= {
        ("subscribe", "candles", 100), ("subscribe", "candles", 98), ("subscribe", "ticker", 2),
    }  # fmt: skip
    first = shards[0].subscriptions[0]
    assert (first.key, first.alias_key, first.delivered) == ("candles:S000-USD", "candles:OTHER", pair("OTHER"))


def test_headers_and_refusals_are_read() -> None:
    (spent,) = COINBASE.spent({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "7"})
    assert (spent.kind, spent.interval_ms, spent.used) == ("requests", 1000, 3)
    assert COINBASE.spent({}) == ()
    body = '{"errors":[{"id":"rate_limit_exceeded","message":"Too many requests"}]}'
    assert COINBASE.refusal(answer(body, 429)) == Refused(None, "Too many requests")
    assert COINBASE.refusal(answer('{"error":"unknown","code":5,"message":"no"}', 404)) == Refused(None, "no")
    assert COINBASE.refusal(answer("<html>", 502)) == Refused(None, "<html>")
    assert COINBASE.refusal(answer("a\r\nb", 502)) == Refused(None, "a b")
    assert COINBASE.parse_time(answer('{"iso":"x","epochMillis":"1775572205123"}')) == 1_775_572_205_123

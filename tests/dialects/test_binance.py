"""Binance's dialect, form by form."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.exchanges.dialect import BadAnswer, NotFetched
from perseus.exchanges.events import (
    Acknowledged,
    CandleEvent,
    Refused,
    ShuttingDown,
    TickerEvent,
    Unknown,
    Unreadable,
)
from perseus.exchanges.registry import NoDialect, dialect_of
from perseus.exchanges.wire.transport import Answer
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from tests.dialects.readings import answer, payload

BINANCE = dialect_of("binance")
US = dialect_of("binance_us")
OPEN = 1_733_000_040_000
KLINE = {"t": OPEN, "T": OPEN + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 9, "o": "1.10", "c": "1.5", "h": "2"}
KLINE |= {"l": "1", "v": "10", "n": 3, "x": False, "q": "12.0", "V": "1", "Q": "1", "B": "0"}
TICKER = {"e": "24hrMiniTicker", "E": OPEN, "s": "BTCUSDT", "c": "105.0", "o": "100", "h": "110", "l": "99", "v": "7"}
TICKER |= {"q": "700"}


def pair(symbol: str, timeframe: str) -> Pair:
    return Pair(symbol, Timeframe.parse(timeframe))


def said(message: Any) -> Any:
    (event,) = BINANCE.decode(message if isinstance(message, bytes) else json.dumps(message).encode())
    return event


def kline(**changed: Any) -> dict[str, Any]:
    return {"e": "kline", "E": OPEN + 2000, "s": "BTCUSDT", "k": {**KLINE, **changed}}


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: {"stream": "btcusdt@kline_1m", "data": data}])
def test_a_candle_is_read_with_every_digit_that_was_sent(wrap: Any) -> None:
    digits = "12345678901234567890.123456789012345678"
    event = said(wrap(kline(o=digits, h=digits, v="1E-7", q="1.5e+3", x=True)))
    assert isinstance(event, CandleEvent)
    assert event.pair == pair("BTCUSDT", "1m")
    candle = event.candle
    assert (candle.open, candle.volume, candle.quote_volume) == (digits, "1E-7", "1.5e+3")
    assert (candle.open_ms, candle.event_ms, candle.is_closed, candle.trades) == (OPEN, OPEN + 2000, True, 3)


def test_a_candle_whose_times_are_in_microseconds_is_the_same() -> None:
    wider = kline(t=OPEN * 1_000, T=OPEN * 1_000 + 59_999_999) | {"E": (OPEN + 2000) * 1_000 + 123}
    assert said(wider) == said(kline())


@pytest.mark.parametrize("field", ["o", "h", "l", "c", "v", "q"])
@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity", "", "-1", "1,5", "0x1", " 1", None, 1.5, True])
def test_what_is_no_decimal_text_is_refused_by_name(field: str, bad: Any) -> None:
    event = said({"stream": "btcusdt@kline_1m", "data": kline(**{field: bad})})
    assert isinstance(event, Unreadable)
    named = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "q": "quote_volume"}[field]
    assert f"its {named} is" in event.text or f"$.k.{field}" in event.text
    assert "BTCUSDT" in event.text


def test_json_s_own_nan_is_refused_and_shown() -> None:
    event = said(json.dumps(kline(v=float("nan"))).encode())
    assert isinstance(event, Unreadable)
    assert "no JSON" in event.text


def test_fields_that_are_new_are_left_alone() -> None:
    event = said({"stream": "x", "data": {**kline(new={"a": [1, 2]}), "newer": "text"}, "extra": 1})
    assert isinstance(event, CandleEvent)


def test_a_timeframe_that_is_none_is_named() -> None:
    event = said(kline(i="7m"))
    assert isinstance(event, Unreadable)
    assert "'7m' is not a timeframe" in event.text


def test_a_mini_ticker_gives_the_exact_change() -> None:
    event = said(TICKER)
    assert isinstance(event, TickerEvent)
    ticker = event.ticker
    assert (ticker.price, ticker.change24h, ticker.change_percent24h) == ("105.0", "5.0", "5.000")
    assert (ticker.bid, ticker.ask, ticker.volume24h) == (None, None, "7")


@given(
    st.decimals("0.00000001", "100000000", allow_nan=False, places=8),
    st.decimals("0.00000001", "100000000", allow_nan=False, places=8),
)
def test_changes_of_tickers_are_exact_whatever_the_prices(now: Decimal, then: Decimal) -> None:
    event = said({**TICKER, "c": format(now, "f"), "o": format(then, "f")})
    assert Decimal(event.ticker.change24h) == now - then
    assert abs(Decimal(event.ticker.change_percent24h) - (now - then) * 100 / then) <= Decimal("0.0005")


def test_an_array_of_tickers_is_an_event_each() -> None:
    data = {"stream": "!miniTicker@arr", "data": [TICKER, {**TICKER, "s": "ETHUSDT"}, {"e": "other"}]}
    events = BINANCE.decode(json.dumps(data).encode())
    assert [type(event) for event in events] == [TickerEvent, TickerEvent, Unknown]


@pytest.mark.parametrize(
    "message",
    [
        {"e": "serverShutdown", "E": OPEN},
        {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": OPEN}},
        {"event": {"e": "serverShutdown", "E": OPEN}},
        {"e": "serverShutdown", "E": OPEN * 1000 + 7, "reason": "new"},
    ],
)
def test_a_shutdown_is_heard_in_every_shape(message: Any) -> None:
    assert said(message) == ShuttingDown(OPEN)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"result": None, "id": 5}, Acknowledged("5")),
        ({"id": "5", "result": None}, Acknowledged("5")),
        ({"result": ["a@kline_1m"], "id": 6}, Acknowledged("6", frozenset({"a@kline_1m"}))),
        ({"code": 2, "msg": "Invalid request", "id": 7}, Refused(2, "Invalid request", "7")),
        ({"code": 3, "msg": "Invalid JSON"}, Refused(3, "Invalid JSON")),
        ({"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 19}, Refused(4, "Too many subscriptions", "19")),
        ({"error": {"code": 2, "msg": "x"}, "result": None, "id": None}, Refused(2, "x")),
    ],
)
def test_answers_to_our_messages_are_read_in_both_shapes(message: Any, event: object) -> None:
    assert said(message) == event


@pytest.mark.parametrize("data", [b"", b"{", b"<html>", b"\xff\xfe", b'{"stream":"x","data":', b"12", b"null", b"[]"])
def test_whatever_comes_nothing_is_raised(data: bytes) -> None:
    (event,) = BINANCE.decode(data)
    assert isinstance(event, (Unreadable, Unknown))


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    for exchange in ("binance", "coinbase"):
        assert dialect_of(exchange).decode(data)


def test_history_is_asked_for_with_its_window_and_weight() -> None:
    request = BINANCE.history_request(pair("BTCUSDT", "1M"), OPEN, OPEN + 60_000, 1000)
    assert request.path == "/api/v3/klines"
    assert request.params == {
        "symbol": "BTCUSDT",
        "interval": "1M",
        "startTime": str(OPEN),
        "endTime": str(OPEN + 59_999),
        "limit": "1000",
    }
    assert (request.weight, US.history_request(pair("BTCUSDT", "1m"), 0, 1, 1).weight) == (2, 1)
    assert (BINANCE.listings_request().weight, US.listings_request().weight) == (20, 10)
    with pytest.raises(NotFetched, match="1 to 1000"):
        BINANCE.history_request(pair("BTCUSDT", "1m"), 0, 1, 1001)
    with pytest.raises(NotFetched, match="1s candles"):
        US.history_request(pair("BTCUSDT", "1s"), 0, 1, 1)


def row(open_ms: int, close: str = "1.5") -> list[Any]:
    return [open_ms, "1.10", "2", "1", close, "10", open_ms + 59_999, "12.0", 3, "1", "1", "0"]


def test_history_is_oldest_first_and_what_still_runs_is_open_by_the_exchange_s_time() -> None:
    rows = [row(OPEN + 60_000), row(OPEN), row(OPEN, "1.6"), [*row(OPEN + 120_000), "new column"]]
    candles = BINANCE.parse_history(answer(json.dumps(rows)), pair("BTCUSDT", "1m"), OPEN + 120_000)
    assert [(one.open_ms, one.close, one.is_closed) for one in candles] == [
        (OPEN, "1.6", True),
        (OPEN + 60_000, "1.5", True),
        (OPEN + 120_000, "1.5", False),
    ]
    assert {one.event_ms for one in candles} == {OPEN + 120_000}
    micro = [[row(OPEN)[0] * 1000, *row(OPEN)[1:]]]
    assert BINANCE.parse_history(answer(json.dumps(micro)), pair("BTCUSDT", "1m"), OPEN)[0].open_ms == OPEN


@pytest.mark.parametrize(
    "text",
    [
        *("", "<html>502</html>", "[[1", "{}", "[[1733000040001]]", '[["a"]]', "null"),
    ],
)
def test_an_answer_that_cannot_be_history_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer, match="binance answered candles of BTCUSDT 1m"):
        BINANCE.parse_history(answer(text), pair("BTCUSDT", "1m"), OPEN)


def test_rows_that_are_no_candles_are_left_out_and_named() -> None:
    rows = [row(OPEN, "NaN"), row(OPEN + 60_001), row(OPEN + 120_000, "3"), row(OPEN + 180_000), row(-60_000)]
    read = BINANCE.parse_history(answer(json.dumps(rows)), pair("BTCUSDT", "1m"), OPEN + 600_000)
    assert [one.open_ms for one in read] == [OPEN + 180_000]
    assert read.refused.keys() == {OPEN, None, OPEN + 120_000, -60_000}
    assert "close is '3'" in read.refused[OPEN + 120_000]


@pytest.mark.parametrize("data", [b"[" * 5_000 + b"]" * 5_000, b'["\xff"]', b"[[" + b"9" * 5_000 + b"]]"])
def test_answers_that_are_no_text_or_too_deep_are_refused(data: bytes) -> None:
    for read in (BINANCE.parse_time, BINANCE.parse_listings):
        with pytest.raises(BadAnswer):
            read(Answer(200, {}, data))
    with pytest.raises(BadAnswer):
        BINANCE.parse_history(Answer(200, {}, data), pair("BTCUSDT", "1m"), OPEN)
    with pytest.raises(BadAnswer, match="no time"):
        BINANCE.parse_time(answer('{"serverTime": -5}'))


def test_real_history_is_read_as_it_is() -> None:
    text = payload("binance_http_spot_market_klines")
    candles = BINANCE.parse_history(answer(text), pair("BTCUSDT", "1m"), 2_000_000_000_000)
    expected = [(k[0], *k[1:6], k[7], k[8]) for k in json.loads(text)]
    assert [
        (c.open_ms, c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades) for c in candles
    ] == expected
    assert BINANCE.parse_time(answer(payload("binance_spot_server_time_response"))) == 1499827319559


def test_headers_say_what_is_spent() -> None:
    headers = {"x-mbx-used-weight": "17", "x-mbx-used-weight-1m": "17", "x-mbx-used-weight-5h": "9", "date": "x"}
    spent = {(one.kind, one.interval_ms, one.used) for one in BINANCE.spent(headers)}
    assert spent == {("weight", 60_000, 17), ("weight", 18_000_000, 9)}
    assert BINANCE.spent({"x-mbx-used-weight-1m": "many"}) == ()


def test_refusals_are_read_whatever_form_they_have() -> None:
    assert BINANCE.refusal(answer('{"code":-1121,"msg":"Invalid symbol."}', 400)) == Refused(-1121, "Invalid symbol.")
    assert BINANCE.refusal(answer("<html>", 403)) == Refused(None, "<html>")
    assert BINANCE.refusal(answer("", 418)) == Refused(None, "without a reason")


def test_streams_are_batched_and_all_of_a_symbol_stay_together() -> None:
    pairs = [pair(f"S{number}USDT", name) for number in range(150) for name in ("1m", "5m", "1h")]
    shards = BINANCE.socket_plan(pairs, [f"S{number}USDT" for number in range(150)])
    assert [len(shard.subscriptions) for shard in shards] == [400, 200]
    homes: dict[str, set[int]] = {}
    for place, shard in enumerate(shards):
        for one in shard.subscriptions:
            homes.setdefault(one.symbol, set()).add(place)
    assert len(homes) == 150
    assert all(len(places) == 1 for places in homes.values())
    messages = BINANCE.subscribe_messages(shards[0].subscriptions, 7)
    assert [message.id for message in messages] == ["7", "8"]
    first = json.loads(messages[0].text)
    assert (first["method"], first["id"], len(first["params"])) == ("SUBSCRIBE", 7, 200)
    assert "s0usdt@kline_1m" in first["params"]
    with pytest.raises(NotFetched, match="streams no 1s"):
        US.socket_plan([pair("BTCUSDT", "1s")], [])


def test_an_exchange_without_a_dialect_is_named_with_those_that_have_one() -> None:
    with pytest.raises(NoDialect, match=r"kraken.*Known: binance, binance_us, coinbase"):
        dialect_of("kraken")

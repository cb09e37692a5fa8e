"""A message of which one part has a wrong type: who it is about is in doubt, and nobody else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from perseus.exchanges.binance_streams import decode as binance
from perseus.exchanges.coinbase_streams import Scope
from perseus.exchanges.coinbase_streams import decode as coinbase
from perseus.exchanges.events import (
    CandleEvent,
    Event,
    Sequence,
    Subscribed,
    TickerEvent,
    Unknown,
    Unnumbered,
    Unreadable,
)
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from tests.dialects.test_hostile import KLINE, MINI, ROW, TOLD, envelope

MINUTE = Pair("BTCUSDT", Timeframe.parse("1m"))
FIVE = Timeframe.parse("5m")
K = KLINE["k"]


def read(said: Any) -> Event:
    (event,) = binance(json.dumps(said).encode())
    return event


def of_coinbase(said: Any, scope: Scope = "connection") -> list[Event]:
    return coinbase(json.dumps(said).encode(), scope)


def subjects(events: list[Event]) -> list[object]:
    assert all(isinstance(event, Unreadable) for event in events)
    return [event.subject for event in events if isinstance(event, Unreadable)]


@pytest.mark.parametrize(
    "spoilt",
    [
        {**KLINE, "E": "x"},
        {**KLINE, "E": None},
        {**KLINE, "e": 5},
        {**KLINE, "e": []},
        *({**KLINE, "k": {**K, field: value}} for field in "ohlcvq" for value in (1.5, None, [])),
        {**KLINE, "k": {**K, "t": "x"}},
        {**KLINE, "k": {**K, "x": "true"}},
        {**KLINE, "k": {**K, "n": "x"}},
    ],
    ids=lambda said: json.dumps(said)[:150],
)
def test_a_bad_kline_names_its_pair_raw_and_combined(spoilt: dict[str, Any]) -> None:
    for said in (spoilt, {"stream": "btcusdt@kline_1m", "data": spoilt}):
        event = read(said)
        assert isinstance(event, Unreadable)
        assert event.subject == MINUTE


@pytest.mark.parametrize(
    "spoilt",
    [{**KLINE, "s": 5}, {**KLINE, "k": 7}, {**KLINE, "k": {**K, "i": 1}}, {**KLINE, "k": {**K, "i": "1q"}}],
    ids=["symbol", "row", "timeframe", "no timeframe"],
)
def test_where_its_fields_do_not_tell_the_name_of_its_stream_does(spoilt: dict[str, Any]) -> None:
    assert subjects([read({"stream": "btcusdt@kline_1m", "data": spoilt})]) == [MINUTE]
    assert subjects([read(spoilt)]) == [None]


def test_a_bad_ticker_names_its_symbol() -> None:
    for spoilt in ({**MINI, "E": "x"}, {**MINI, "c": 1}):
        assert subjects([read(spoilt)]) == ["BTCUSDT"]
        assert subjects([read({"stream": "btcusdt@miniTicker", "data": spoilt})]) == ["BTCUSDT"]
    assert subjects([read({"stream": "btcusdt@miniTicker", "data": {**MINI, "s": 1}})]) == ["BTCUSDT"]
    good, bad = binance(json.dumps([MINI, {**MINI, "s": "ETHUSDT", "c": 1}]).encode())
    assert isinstance(good, TickerEvent)
    assert subjects([bad]) == ["ETHUSDT"]


@pytest.mark.parametrize(
    ("stream", "spoilt"),
    [
        ("ethusdt@kline_1m", {**KLINE, "E": "x"}),
        ("btcusdt@kline_5m", {**KLINE, "E": "x"}),
        ("", {"e": "kline"}),
        (5, {"e": "kline", "k": []}),
        ("btcusdt@trade", {**KLINE, "s": 5}),
        ("btcusdt", {**KLINE, "s": 5}),
        ("btcusdt@kline_", {**KLINE, "s": 5}),
        ("x y@kline_1m", {**KLINE, "s": "x {y", "E": "x"}),
        ("", {"e": "serverShutdown", "E": "x"}),
        ("", {"e": "24hrMiniTicker", "s": ""}),
    ],
)
def test_what_names_nobody_or_two_is_about_the_whole_connection(stream: object, spoilt: dict[str, Any]) -> None:
    assert subjects([read({"stream": stream, "data": spoilt})]) == [None]


@pytest.mark.parametrize("data", [None, {}, [], [5], 5, "x", {"E": 1}], ids=json.dumps)
def test_a_stream_that_says_nothing_names_its_pair(data: object) -> None:
    assert subjects([read({"stream": "btcusdt@kline_1m", "data": data})]) == [MINUTE]
    assert subjects([read({"stream": "btcusdt@miniTicker", "data": data})]) == ["BTCUSDT"]
    for stream in ("!miniTicker@arr", "btcusdt@trade", "", 5):
        assert isinstance(read({"stream": stream, "data": data}), Unknown)


def test_a_stream_that_says_nothing_without_the_field_for_it_names_its_pair_too() -> None:
    for rest in ({}, {"Data": KLINE}, {"result": None}):
        assert subjects([read({"stream": "btcusdt@kline_1m", **rest})]) == [MINUTE]
        assert subjects([read({"stream": "btcusdt@miniTicker", **rest})]) == ["BTCUSDT"]
        assert isinstance(read({"stream": "btcusdt@trade", **rest}), Unknown)


def test_a_kind_that_is_null_is_no_kind() -> None:
    assert subjects([read({**KLINE, "e": None})]) == [MINUTE]
    assert subjects([read({"stream": "btcusdt@kline_1m", "data": {"e": None}})]) == [MINUTE]


def test_a_kind_that_is_not_ours_stays_unknown() -> None:
    assert read({**KLINE, "e": "trade"}) == Unknown("trade", (MINUTE,))
    assert read({"stream": "btcusdt@kline_1m", "data": {"e": "trade"}}) == Unknown("trade", (MINUTE,))
    assert read({"stream": "btcusdt@trade", "data": {"e": "trade", "s": "BTCUSDT"}}) == Unknown("trade")


def test_a_channel_of_coinbase_that_is_not_ours_names_the_products_of_its_rows() -> None:
    said = envelope("candles_v2", candles=[ROW, ROW, {**ROW, "product_id": "C-D"}])
    assert of_coinbase(said) == [Sequence(1), Unknown("candles_v2", (Pair("A-B", FIVE), Pair("C-D", FIVE)))]
    assert of_coinbase(envelope("prices", tickers=[TOLD])) == [Sequence(1), Unknown("prices", ("A-B",))]


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "start"])
@pytest.mark.parametrize("value", [1.5, None, {}])
def test_a_bad_row_of_coinbase_names_its_product_and_spares_the_rest(field: str, value: object) -> None:
    said = envelope("candles", candles=[ROW, {**ROW, "product_id": "C-D", field: value}, {**ROW, "product_id": "E-F"}])
    number, *good, bad = of_coinbase(said)
    assert number == Sequence(1)
    assert [str(event.pair) for event in good if isinstance(event, CandleEvent)] == ["A-B 5m", "E-F 5m"]
    assert subjects([bad]) == [Pair("C-D", FIVE)]


def test_a_bad_ticker_of_coinbase_names_its_product() -> None:
    said = envelope("ticker", tickers=[{**TOLD, "price": 1.5}, {**TOLD, "product_id": "C-D"}])
    _, good, bad = of_coinbase(said)
    assert isinstance(good, TickerEvent)
    assert subjects([bad]) == ["A-B"]


@pytest.mark.parametrize("timestamp", ["x", 5, None, "2026-11-21T20:00:00"])
def test_a_time_of_coinbase_that_is_none_is_about_each_product_of_the_message_once(timestamp: object) -> None:
    said = {**envelope("candles", candles=[ROW, ROW, {**ROW, "product_id": "C-D"}]), "timestamp": timestamp}
    number, *bad = of_coinbase(said)
    assert number == Sequence(1)
    assert subjects(bad) == [Pair("A-B", FIVE), Pair("C-D", FIVE)]


def test_a_snapshot_of_coinbase_stays_one_and_what_may_be_one_is_nobody_s_candle() -> None:
    said = envelope("candles", candles=[ROW, {**ROW, "product_id": "C-D", "open": 1}])
    said["events"][0]["type"] = "snapshot"
    _, good, _ = of_coinbase(said)
    assert isinstance(good, CandleEvent)
    assert good.is_snapshot
    said["events"][0]["type"] = 7
    assert subjects(of_coinbase(said)[1:]) == [Pair("A-B", FIVE), Pair("C-D", FIVE)]


@pytest.mark.parametrize(
    "events",
    [
        5,
        None,
        [],
        [5],
        [{"type": "update", "candles": 5}],
        [{"candles": [{**ROW, "product_id": 5}]}],
        [{"candles": [5]}],
    ],
    ids=str,
)
def test_a_message_of_coinbase_that_names_no_product_is_about_the_whole_connection(events: object) -> None:
    said = {**envelope("candles"), "events": events, "timestamp": 5}
    assert subjects(of_coinbase(said)[1:]) == [None]


def test_the_number_of_a_bad_message_of_coinbase_counts_for_its_product() -> None:
    said = envelope("candles", candles=[{**ROW, "open": 1.5}])
    assert of_coinbase(said, "product")[0] == Sequence(1, "A-B")
    assert of_coinbase(envelope("candles", candles=[ROW]), "product")[0] == Sequence(1, "A-B")


def test_a_list_of_coinbase_that_is_null_has_nothing_in_it() -> None:
    number, event = of_coinbase(envelope("ticker", candles=None, tickers=[TOLD]))
    assert number == Sequence(1)
    assert isinstance(event, TickerEvent)
    assert of_coinbase(envelope("candles", candles=None)) == [Sequence(1), Unknown("candles", is_empty=True)]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (5, [None]),
        (10**30, [None]),
        ({"type": "update", "candles": 5}, [None]),
        ({"type": "update", "candles": {**ROW, "product_id": "C-D"}}, [Pair("C-D", FIVE)]),
        ({"type": "update", "candles": 5, "tickers": {**TOLD, "product_id": "C-D"}}, [Pair("C-D", FIVE), "C-D"]),
        ({"type": "update", "candles": [{**ROW, "product_id": "C-D", "open": 1}]}, [Pair("C-D", FIVE)]),
    ],
    ids=str,
)
def test_a_bad_event_of_coinbase_spares_the_good_one_beside_it(bad: object, named: list[object]) -> None:
    said = envelope("candles", candles=[ROW])
    for events in ([bad, *said["events"]], [*said["events"], bad]):
        number, good, *rest = of_coinbase({**said, "events": events})
        assert number == Sequence(1)
        assert isinstance(good, CandleEvent)
        assert subjects(rest) == named


def test_events_of_coinbase_that_are_no_list_name_their_products() -> None:
    said = envelope("candles", candles=[ROW])
    assert subjects(of_coinbase({**said, "events": said["events"][0]})[1:]) == [Pair("A-B", FIVE)]


@pytest.mark.parametrize(
    ("number", "counted"), [("7" * 16, Unnumbered()), (None, Unnumbered()), ("x", Unnumbered()), (1.5, Unnumbered())]
)
def test_a_number_of_coinbase_that_is_none_names_the_products_and_is_counted(number: object, counted: Event) -> None:
    first, *bad = of_coinbase({**envelope("candles", candles=[ROW, ROW]), "sequence_num": number})
    assert first == counted
    assert subjects(bad) == [Pair("A-B", FIVE)]
    (first, *_) = of_coinbase({**envelope("candles", candles=[ROW]), "sequence_num": number}, "product")
    assert first == msgspec.structs.replace(counted, scope="A-B")


def test_a_number_of_coinbase_that_is_text_is_a_number() -> None:
    number, candle = of_coinbase({**envelope("candles", candles=[ROW]), "sequence_num": "7"})
    assert number == Sequence(7)
    assert isinstance(candle, CandleEvent)
    assert of_coinbase({**envelope("subscriptions", subscriptions={"candles": ["A-B"]}), "sequence_num": "7"}) == [
        Sequence(7),
        Subscribed(frozenset({"candles:A-B"})),
    ]
    spoilt = {**envelope("candles", candles=[{**ROW, "open": 1.5}, {**ROW, "product_id": "C-D"}]), "sequence_num": "8"}
    number, good, bad = of_coinbase(spoilt)
    assert number == Sequence(8)
    assert isinstance(good, CandleEvent)
    assert subjects([bad]) == [Pair("A-B", FIVE)]


@pytest.mark.parametrize("channel", [None, 5, ["candles"]], ids=str)
def test_a_channel_of_coinbase_that_is_no_text_names_the_products_and_is_counted(channel: object) -> None:
    number, *bad = of_coinbase({**envelope("ticker", tickers=[TOLD]), "channel": channel})
    assert number == Sequence(1)
    assert subjects(bad) == ["A-B"]
    assert subjects(of_coinbase({"channel": channel, "events": []})) == [None]
    assert isinstance(of_coinbase({"type": "x"})[0], Unknown)

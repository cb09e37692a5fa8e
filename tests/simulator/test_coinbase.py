"""Coinbase Advanced Trade: its rows, its second of cache, its channels, and the rules that a client can break."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from perseus.simulator.coinbase.rest import Coinbase
from perseus.simulator.market.bar import short
from perseus.simulator.session import Session
from perseus.simulator.wire import Asked, Reply
from tests.simulator.conftest import START_MS, Bench, end_of, told

CANDLES = "/api/v3/brokerage/market/products/{}/candles"
FIVE = 300_000
FLOOR = START_MS - START_MS % FIVE


def rows(bench: Bench, product: str = "BTC-USD", count: int = 10, **params: object) -> list[Any]:
    span = {"start": (FLOOR - (count - 1) * FIVE) // 1_000, "end": FLOOR // 1_000, "granularity": "FIVE_MINUTE"}
    found: list[Any] = bench.json(CANDLES.format(product), "coinbase", **(span | params))["candles"]
    return found


def socket(bench: Bench, *channels: str, products: tuple[str, ...] = ("BTC-USD",)) -> Session:
    session = bench.open("/", "coinbase")
    for channel in channels:
        named = {} if channel == "heartbeats" else {"product_ids": list(products)}
        bench.say(session, {"type": "subscribe", "channel": channel, **named})
    return session


def of(channel: str, messages: list[Any]) -> list[Any]:
    return [message for message in messages if message["channel"] == channel]


def broken(bench: Bench) -> dict[str, int]:
    return dict(bench.exchange("coinbase").counters.broken)


def test_rows_are_text_newest_first_and_hold_the_bucket_that_runs(bench: Bench) -> None:
    found = rows(bench)
    assert [int(row["start"]) for row in found] == [(FLOOR - n * FIVE) // 1_000 for n in range(10)]
    assert all(isinstance(value, str) for row in found for value in row.values())


def test_more_than_350_buckets_are_refused(bench: Bench) -> None:
    assert len(rows(bench, count=350)) == 350
    path = CANDLES.format("BTC-USD")
    span = {"start": (FLOOR - 350 * FIVE) // 1_000, "end": FLOOR // 1_000, "granularity": "FIVE_MINUTE"}
    assert bench.get(path, "coinbase", **span).status == 400
    assert broken(bench) == {"bad_request": 1}


def test_buckets_without_trades_are_absent(bench: Bench) -> None:
    assert 0 < len(rows(bench, "QUIET-USD", 300)) < 200


def test_an_answer_stays_for_a_second_unless_no_cache_is_asked_for(bench: Bench) -> None:
    bench.wait(10)
    first = rows(bench)
    bench.wait(0.9)
    assert rows(bench) == first
    params = {"start": str(FLOOR // 1_000), "end": str(FLOOR // 1_000), "granularity": "FIVE_MINUTE"}
    one = Asked(CANDLES.format("BTC-USD"), params, {}, "b")
    fresh = Asked(CANDLES.format("BTC-USD"), params, {"cache-control": "no-cache"}, "b")
    old = bench.exchange("coinbase").http(one).body
    bench.wait(0.99)
    assert bench.exchange("coinbase").http(one).body == old
    assert bench.exchange("coinbase").http(fresh).body != old
    bench.wait(1)
    assert bench.exchange("coinbase").http(one).body != old


def test_ten_requests_pass_within_any_second(bench: Bench) -> None:
    path = "/api/v3/brokerage/time"
    replies = [bench.get(path, "coinbase") for _ in range(11)]
    assert [reply.status for reply in replies] == [200] * 10 + [429]
    assert replies[9].headers["x-ratelimit-remaining"] == "0"
    assert b"rate_limit_exceeded" in replies[10].body
    assert "retry-after" not in replies[10].headers
    bench.wait(0.999)
    assert bench.get(path, "coinbase").status == 429
    bench.wait(1)
    assert bench.get(path, "coinbase").status == 200
    assert broken(bench) == {"http_429": 2}


def test_products_name_aliases_and_halts(bench: Bench) -> None:
    bench.exchange("coinbase").truth.markets["ETH-USD"].status = "HALT"
    found = {one["product_id"]: one for one in bench.json("/api/v3/brokerage/market/products", "coinbase")["products"]}
    assert found["BTC-USDC"]["alias"] == "BTC-USD"
    assert found["BTC-USD"]["alias_to"] == ["BTC-USDC"]
    assert (found["ETH-USD"]["trading_disabled"], found["BTC-USD"]["trading_disabled"]) == (True, False)


def test_who_subscribes_to_nothing_within_five_seconds_is_closed(bench: Bench) -> None:
    late, fine = bench.open("/", "coinbase"), socket(bench, "heartbeats")
    bench.wait(5)
    assert end_of(late)
    assert end_of(fine) is None
    assert broken(bench) == {"subscribe_late": 1}


def test_an_acknowledgement_names_all_subscriptions(bench: Bench) -> None:
    session = socket(bench, "heartbeats", "candles", products=("BTC-USDC", "NOPE-USD"))
    last = of("subscriptions", told(session))[-1]
    assert last["events"] == [{"subscriptions": {"heartbeats": ["heartbeats"], "candles": ["BTC-USD", "NOPE-USD"]}}]


def test_a_snapshot_has_a_hundred_candles_out_of_order_and_with_holes(bench: Bench) -> None:
    (message,) = of("candles", told(socket(bench, "candles")))
    (event,) = message["events"]
    starts = [int(candle["start"]) for candle in event["candles"]]
    assert event["type"] == "snapshot"
    assert len(starts) == 100
    assert starts != sorted(starts)
    assert (max(starts) - min(starts)) // 300 > 120


def test_an_unknown_product_gets_nothing_and_no_error(bench: Bench) -> None:
    session = socket(bench, "candles", "heartbeats", products=("NOPE-USD",))
    bench.wait(200)
    assert {message["channel"] for message in told(session)} == {"subscriptions", "heartbeats"}
    assert broken(bench) == {}


def test_updates_come_once_a_second_and_end_with_the_truth(bench: Bench) -> None:
    session = socket(bench, "candles", "heartbeats")
    told(session)
    heard: dict[str, Any] = {}
    for _ in range(800):
        bench.wait(1)
        updates = of("candles", told(session))
        assert len(updates) <= 1
        for message in updates:
            (candle,) = message["events"][0]["candles"]
            heard[candle["start"]] = candle
    assert len(heard) == 3
    truth = bench.exchange("coinbase").truth
    for known in truth.known("BTC-USD", "5m", FLOOR, bench.now_ms)[:-1]:
        candle = heard[str(known.bar.open_ms // 1_000)]
        assert (candle["close"], candle["volume"]) == (short(known.bar.close), short(known.bar.volume))


def test_the_last_word_on_each_of_many_candles_is_the_truth(bench: Bench) -> None:
    session = socket(bench, "candles", "heartbeats")
    bench.wait(40_000)
    updates = [message["events"][0] for message in of("candles", told(session))]
    heard = {
        event["candles"][0]["start"]: event["candles"][0]["volume"] for event in updates if event["type"] == "update"
    }
    known = bench.exchange("coinbase").truth.known("BTC-USD", "5m", FLOOR, bench.now_ms)[:-1]
    assert len(known) == 133
    assert [heard[str(one.bar.open_ms // 1_000)] for one in known] == [short(one.bar.volume) for one in known]


def test_everything_on_a_connection_is_numbered_without_a_gap(bench: Bench) -> None:
    session = socket(bench, "candles", "heartbeats", "ticker", products=("BTC-USD", "ETH-USD"))
    bench.wait(60)
    messages = told(session)
    assert [message["sequence_num"] for message in messages] == list(range(len(messages)))
    assert [beat["events"][0]["heartbeat_counter"] for beat in of("heartbeats", messages)] == list(range(60))


def test_numbers_can_count_each_product_by_itself() -> None:
    bench = Bench()
    exchange = bench.exchange("coinbase")
    assert isinstance(exchange, Coinbase)
    exchange.sequence_scope = "product"
    session = socket(bench, "candles", products=("BTC-USD", "ETH-USD"))
    assert [message["sequence_num"] for message in of("candles", told(session))] == [0, 0]


@pytest.mark.parametrize(("channels", "is_closed"), [(("candles",), True), (("candles", "heartbeats"), False)])
def test_a_quiet_connection_ends_unless_heartbeats_keep_it(
    bench: Bench, channels: tuple[str, ...], is_closed: bool
) -> None:
    session = socket(bench, *channels, products=("NOPE-USD",))
    bench.wait(95)
    assert session.is_over is is_closed


def test_one_channel_a_message_and_eight_messages_a_second(bench: Bench) -> None:
    session = bench.open("/", "coinbase")
    bench.say(session, {"type": "subscribe", "channels": ["candles"], "product_ids": ["BTC-USD"]})
    assert broken(bench) == {"several_channels": 1, "bad_message": 1}
    for _ in range(8):
        bench.say(session, {"type": "subscribe", "channel": "heartbeats"})
    assert broken(bench)["messages_over_limit"] == 1
    assert session.is_over


def test_one_address_opens_eight_connections_a_second(bench: Bench) -> None:
    for _ in range(8):
        bench.open("/", "coinbase")
    refused = bench.exchange("coinbase").connect(Asked("/", {}, {}, "a"))
    assert isinstance(refused, Reply)
    assert refused.status == 429
    bench.wait(2)
    assert isinstance(bench.exchange("coinbase").connect(Asked("/", {}, {}, "a")), Session)


def test_the_time_is_told_in_three_forms(bench: Bench) -> None:
    found = bench.json("/api/v3/brokerage/time", "coinbase")
    assert found["epochMillis"] == str(START_MS)
    assert found["iso"].startswith("2026-11-21T")


def test_one_product_and_its_ticker_can_be_asked_for(bench: Bench) -> None:
    one = bench.json("/api/v3/brokerage/market/products/SOL-USD", "coinbase")
    trades = bench.json("/api/v3/brokerage/market/products/SOL-USD/ticker", "coinbase")
    assert (one["product_id"], trades["trades"][0]["product_id"]) == ("SOL-USD", "SOL-USD")
    missing = bench.get("/api/v3/brokerage/market/products/NOPE-USD", "coinbase")
    assert (missing.status, msgspec.json.decode(missing.body)["error"]) == (404, "NOT_FOUND")

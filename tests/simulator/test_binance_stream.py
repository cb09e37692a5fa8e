"""Binance over WebSocket: forms, cadence, finality, and the rules that a client can break."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from perseus.exchanges.wire.transport import Ping
from perseus.simulator.session import Session
from perseus.simulator.wire import Asked, Reply
from tests.simulator.conftest import START_MS, Bench, end_of, frames, pongs, told

MINUTE = 60_000
NEXT = START_MS - START_MS % MINUTE + MINUTE


def broken(bench: Bench) -> dict[str, int]:
    return dict(bench.exchange().counters.broken)


def follow(bench: Bench, session: Session, seconds: int) -> list[Any]:
    """What it tells in that time, pings answered at once."""
    heard = []
    for _ in range(seconds * 2):
        bench.wait(0.5)
        pongs(session)
        heard += told(session)
    return heard


def test_streams_of_the_url_come_raw_or_combined(bench: Bench) -> None:
    raw = bench.open("/ws/btcusdt@kline_1m")
    combined = bench.open("/stream", streams="btcusdt@kline_1m/ethusdt@miniTicker")
    bench.wait(5)
    assert {event["e"] for event in told(raw)} == {"kline"}
    heard = told(combined)
    assert {event["stream"] for event in heard} == {"btcusdt@kline_1m", "ethusdt@miniTicker"}
    assert {event["data"]["e"] for event in heard} == {"kline", "24hrMiniTicker"}


def test_a_candle_is_told_at_most_every_two_seconds(bench: Bench) -> None:
    session = bench.open("/ws/btcusdt@kline_5m")
    times = [event["E"] for event in follow(bench, session, 40)]
    assert len(times) > 15
    assert min(after - before for before, after in pairwise(times)) >= 2_000


@pytest.mark.parametrize("symbol", ["BTCUSDT", "NKNUSDT"])
def test_the_close_comes_with_the_next_trade_or_two_seconds_after_the_end(bench: Bench, symbol: str) -> None:
    session = bench.open(f"/ws/{symbol.lower()}@kline_1m")
    heard = follow(bench, session, 1_800)
    closes = [event for event in heard if event["k"]["x"]]
    assert len(closes) >= 5
    for event in closes:
        state = event["k"]
        bar = bench.exchange().truth.bar(symbol, "1m", state["t"])
        assert bar
        assert 0 <= event["E"] - state["T"] - 1 <= 2_010
        assert state["n"] == bar.trades
    assert len({event["k"]["t"] for event in closes}) == len(closes)
    known = bench.exchange().truth.known(symbol, "1m", NEXT, closes[-1]["k"]["t"])
    assert {one.bar.open_ms for one in known} <= {event["k"]["t"] for event in closes}


def test_a_bucket_without_trades_is_never_told(bench: Bench) -> None:
    session = bench.open("/ws/quietusdt@kline_1m")
    heard = follow(bench, session, 3_600)
    assert 0 < len({event["k"]["t"] for event in heard}) < 30


def test_messages_subscribe_list_and_unsubscribe(bench: Bench) -> None:
    session = bench.open("/ws")
    bench.say(session, {"method": "SUBSCRIBE", "params": ["btcusdt@kline_1m", "nopeusdt@kline_1m"], "id": "a1"})
    assert told(session) == [{"result": None, "id": "a1"}]
    bench.say(session, {"method": "LIST_SUBSCRIPTIONS", "id": 2})
    assert told(session)[-1]["result"] == ["btcusdt@kline_1m", "nopeusdt@kline_1m"]
    bench.say(session, {"method": "UNSUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 3})
    frames(session)
    bench.wait(10)
    assert told(session) == []
    assert broken(bench) == {}


def test_five_messages_within_any_second_pass_and_the_sixth_ends_it(bench: Bench) -> None:
    session = bench.open("/ws")
    for number in range(5):
        bench.say(session, {"method": "LIST_SUBSCRIPTIONS", "id": number})
        bench.wait(0.1)
    bench.wait(0.5)
    bench.say(session, {"method": "LIST_SUBSCRIPTIONS", "id": 6})
    assert end_of(session) is None
    session.heard_pong(b"")
    bench.wait(0.05)
    session.heard_pong(b"")
    session.heard_pong(b"")
    session.heard_pong(b"")
    session.heard_pong(b"")
    end = end_of(session)
    assert end
    assert (end.code, end.reason) == (1008, "Too many requests")
    assert broken(bench) == {"messages_over_limit": 1, "ws_1008": 1}


def test_the_second_is_any_second_and_not_one_of_a_clock(bench: Bench) -> None:
    session = bench.open("/ws")
    bench.wait(0.8)
    for _ in range(5):
        session.heard_pong(b"")
    bench.wait(0.9)
    session.heard_pong(b"")
    assert end_of(session)


def test_who_is_closed_by_1008_again_and_again_is_not_let_in_for_two_minutes(bench: Bench) -> None:
    for _ in range(4):
        session = bench.open("/ws")
        for _ in range(6):
            session.heard_pong(b"")
    refused = bench.exchange().connect(session.asked)
    assert isinstance(refused, Reply)
    assert refused.status == 403
    bench.wait(121)
    assert isinstance(bench.exchange().connect(session.asked), Session)


def test_pings_come_every_twenty_seconds_and_want_their_payload_back(bench: Bench) -> None:
    session = bench.open("/ws")
    bench.wait(20)
    (ping,) = (frame for frame in frames(session) if isinstance(frame, Ping))
    assert ping.payload == str(START_MS + 20_000).encode()
    session.heard_pong(b"other")
    assert broken(bench) == {"pong_wrong_payload": 1}
    session.heard_pong(ping.payload)
    bench.wait(61)
    assert end_of(session) is None


def test_who_answers_no_ping_is_cut_off_after_a_minute(bench: Bench) -> None:
    session = bench.open("/ws")
    bench.wait(79)
    assert end_of(session) is None
    bench.wait(2)
    end = end_of(session)
    assert end
    assert end.code is None
    assert broken(bench) == {"pong_missing": 1}


def test_one_address_opens_three_hundred_connections_in_five_minutes(bench: Bench) -> None:
    for _ in range(300):
        bench.open("/ws").heard_close()
    refused = bench.exchange().connect(Asked("/ws", {}, {}, "a"))
    assert isinstance(refused, Reply)
    assert refused.status == 429
    assert broken(bench) == {"connects_over_limit": 1}


def test_a_connection_has_a_thousand_and_twenty_four_streams(bench: Bench) -> None:
    session = bench.open("/ws")
    many = [f"s{number}usdt@kline_1m" for number in range(1_025)]
    bench.say(session, {"method": "SUBSCRIBE", "params": many, "id": 1})
    assert told(session)[0]["error"]["code"] == 4
    assert broken(bench) == {"too_many_streams": 1}


def test_a_connection_ends_after_a_day(bench: Bench) -> None:
    session = bench.open("/ws/btcusdt@kline_1d")
    for _ in range(86_400 // 60 - 1):
        bench.wait(60)
        pongs(session)
        frames(session)
    assert not session.is_over
    bench.wait(61)
    assert session.is_over
    assert bench.exchange().counters.seen["closed_1001"] == 1


def test_both_connections_of_a_handover_tell_the_same_event(bench: Bench) -> None:
    one, two = bench.open("/ws/ethusdt@kline_1m"), bench.open("/ws/ethusdt@kline_1m")
    bench.wait(15)
    assert told(one) == told(two) != []


@pytest.mark.parametrize("message", [[], {"method": "DANCE", "id": 1}, {"method": "SUBSCRIBE", "params": ["x y"]}])
def test_what_cannot_be_read_is_answered_and_counted(bench: Bench, message: object) -> None:
    session = bench.open("/ws")
    bench.say(session, message)
    assert "code" in str(told(session))
    assert broken(bench) == {"bad_message": 1}

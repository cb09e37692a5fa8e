"""What each fault that happens by itself does that a client can see."""

from __future__ import annotations

import pytest

from perseus.exchanges.wire.transport import Closed, Ping
from perseus.simulator.faults.fault import Fault
from perseus.simulator.wire import Asked
from tests.simulator.conftest import START_MS, Bench, end_of, frames, told
from tests.simulator.looking import CANDLES, FLOOR, MINUTE, STREAM, coinbase, heard, klines, rows


@pytest.mark.parametrize(
    ("fault", "ended"),
    [
        (Fault("reset", after_ms=5_000), Closed(None, "reset")),
        (Fault("close", after_ms=5_000, params={"code": 1012, "reason": "restart"}), Closed(1012, "restart")),
        (Fault("expire_all", after_ms=5_000), Closed(1001, "Connection lifetime reached")),
        (Fault("outage", after_ms=5_000), Closed(None, "outage")),
    ],
)
def test_connections_end_at_a_time(fault: Fault, ended: Closed) -> None:
    bench = Bench((fault,))
    sessions = [bench.open("/ws"), bench.open("/ws")]
    bench.wait(4.9)
    assert [end_of(session) for session in sessions] == [None, None]
    bench.wait(0.2)
    assert [end_of(session) for session in sessions] == [ended, ended]
    assert bench.world.broken() == {}


def test_an_act_is_repeated_as_often_as_it_says() -> None:
    bench = Bench((Fault("reset", count=3, after_ms=1_000, params={"every_ms": 10_000}),))
    for _ in range(40):
        bench.wait(1)
        if not bench.exchange().sessions:
            bench.open("/ws")
    assert bench.exchange().counters.faults == {"reset": 3}


def test_outage_answers_nothing_until_it_is_over() -> None:
    bench = Bench((Fault("outage", after_ms=1_000, params={"for_ms": 5_000}),))
    bench.wait(2)
    assert klines(bench).flaw == "reset"
    bench.wait(5)
    assert klines(bench).status == 200


def test_held_requests_are_taken_all_at_once_also_those_that_nobody_waits_for() -> None:
    bench = Bench((Fault("requests_held", after_ms=1_000, params={"for_ms": 5_000}),))
    bench.wait(2)
    exchange, given = bench.exchange(), list[int]()
    for _ in range(3):
        exchange.take(Asked("/api/v3/time"), lambda reply: given.append(reply.status))
    bench.wait(3.9)
    assert (given, exchange.counters.seen["http_requests"]) == ([], 0)
    bench.wait(0.2)
    assert (given, exchange.counters.seen["http_requests"]) == ([200] * 3, 3)
    exchange.take(Asked("/api/v3/time"), lambda reply: given.append(reply.status))
    assert len(given) == 4


def test_handshakes_wait_and_are_all_taken_at_once_also_those_that_nobody_waits_for() -> None:
    bench = Bench((Fault("handshakes_held", after_ms=1_000, params={"for_ms": 5_000}),))
    bench.wait(2)
    exchange, given = bench.exchange(), list[object]()
    for _ in range(3):
        exchange.come(Asked("/stream"), given.append)
    bench.wait(3.9)
    assert (given, exchange.held_out, exchange.counters.seen["ws_connects"]) == ([], 3, 0)
    bench.wait(0.2)
    assert (len(given), exchange.held_out, exchange.counters.seen["ws_connects"]) == (3, 0, 3)
    exchange.come(Asked("/stream"), given.append)
    assert len(given) == 4


def test_half_open_falls_silent_and_hears_nothing() -> None:
    bench = Bench((Fault("half_open", after_ms=5_000),))
    session = bench.open(f"/ws/{STREAM}")
    bench.wait(5)
    frames(session)
    for _ in range(20):
        bench.say(session, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
    bench.wait(200)
    assert frames(session) == []
    assert bench.world.broken() == {}


def test_ping_flood_can_be_answered_by_the_newest_pong_alone() -> None:
    bench = Bench((Fault("ping_flood", after_ms=1_000, params={"pings": 50}),))
    session = bench.open("/ws")
    bench.wait(1)
    pings = [frame for frame in frames(session) if isinstance(frame, Ping)]
    assert len({ping.payload for ping in pings}) == 50
    session.heard_pong(pings[-1].payload)
    bench.wait(65)
    assert "binance pong_missing" not in bench.world.broken()


@pytest.mark.parametrize("path", ["/ws", "/stream"])
def test_server_shutdown_is_told_in_the_form_of_the_connection_and_then_done(path: str) -> None:
    bench = Bench((Fault("server_shutdown", after_ms=1_000, params={"after_s": 5}),))
    session = bench.open(path)
    bench.wait(1)
    (message,) = told(session)
    assert message.get("stream", "none") == ("!serverShutdown" if path == "/stream" else "none")
    assert message.get("data", message)["e"] == "serverShutdown"
    bench.wait(5)
    assert end_of(session)


def test_subscription_lost_is_silent_and_the_rest_goes_on() -> None:
    bench = Bench((Fault("subscription_lost", target=STREAM, after_ms=5_000),))
    session = bench.open(f"/ws/{STREAM}/ethusdt@kline_1m")
    bench.wait(5)
    frames(session)
    assert {event["s"] for event in heard(bench, session, 15)} == {"ETHUSDT"}


def test_market_halt_stops_trades_says_so_and_ends() -> None:
    halt = Fault("market_halt", target="BTCUSDT", after_ms=5_000, params={"for_ms": 300_000, "status": "BREAK"})
    bench = Bench((halt,))
    bench.wait(60)
    symbols = bench.json("/api/v3/exchangeInfo", symbol="BTCUSDT")["symbols"]
    assert symbols[0]["status"] == "BREAK"
    bench.wait(400)
    opens = [row[0] for row in rows(bench, startTime=FLOOR)]
    assert FLOOR + 2 * MINUTE not in opens
    assert opens[-1] == bench.now_ms - bench.now_ms % MINUTE
    assert bench.json("/api/v3/exchangeInfo", symbol="BTCUSDT")["symbols"][0]["status"] == "TRADING"


def test_delist_is_unknown_to_rest_and_silent_in_streams() -> None:
    bench = Bench((Fault("delist", target="BTC*", after_ms=5_000),))
    session = bench.open(f"/ws/{STREAM}")
    bench.wait(10)
    frames(session)
    assert (klines(bench).status, b"-1121" in klines(bench).body) == (400, True)
    assert [event for event in heard(bench, session, 120) if not event["k"]["x"]] == []
    assert bench.get(CANDLES, "coinbase").status == 404
    lost = [known.is_lost for known in bench.exchange().truth.known("BTCUSDT", "1m", FLOOR - 9 * MINUTE, FLOOR)]
    assert lost == [False] * 4 + [True] * 6
    assert all(entry["symbol"] != "BTCUSDT" for entry in bench.json("/api/v3/exchangeInfo")["symbols"])


def test_list_new_has_three_candles_and_goes_on() -> None:
    bench = Bench((Fault("list_new", after_ms=600_000, params={"symbol": "NEWUSDT", "rows": 3}),))
    bench.wait(599)
    assert klines(bench, symbol="NEWUSDT").status == 400
    bench.wait(2)
    assert len(rows(bench, symbol="NEWUSDT", startTime=0, limit=1_000)) == 3
    assert heard(bench, bench.open("/ws/newusdt@kline_1m"), 30)


def test_limits_lowered_is_told_and_held() -> None:
    bench = Bench((Fault("limits_lowered", after_ms=1_000, params={"share": 0.01}),))
    bench.wait(1)
    assert bench.json("/api/v3/exchangeInfo")["rateLimits"][0]["limit"] == 60
    assert [bench.get("/api/v3/exchangeInfo").status for _ in range(3)] == [200, 200, 200]
    bench.wait_until(FLOOR + MINUTE)
    assert [bench.get("/api/v3/exchangeInfo").status for _ in range(4)] == [200, 200, 200, 429]


def test_clock_skew_moves_what_is_told_and_no_candle() -> None:
    bench = Bench((Fault("clock_skew", params={"ms": 300_000}),))
    assert bench.json("/api/v3/time") == {"serverTime": START_MS + 300_000}
    assert rows(bench)[-1][0] == FLOOR


def test_sequence_jump_loses_a_message() -> None:
    bench = Bench((Fault("sequence_jump", target="candles:*", count=1, after_ms=10_000),))
    numbers = [message["sequence_num"] for message in heard(bench, coinbase(bench, "heartbeats", "candles"), 30)]
    missing = set(range(numbers[-1])) - set(numbers)
    assert len(missing) == 1


def test_sequence_reset_snapshot_again_heartbeat_jump_and_error_message() -> None:
    acts = ("sequence_reset", "snapshot_again", "heartbeat_jump", "error_message")
    bench = Bench(tuple(Fault(name, after_ms=10_000) for name in acts))
    session = coinbase(bench, "heartbeats", "candles")
    heard(bench, session, 8)
    after = heard(bench, session, 6)
    assert 0 in [message.get("sequence_num") for message in after]
    assert "snapshot" in str(after)
    assert [message for message in after if message.get("type") == "error"]
    beats = [message["events"][0]["heartbeat_counter"] for message in after if message.get("channel") == "heartbeats"]
    assert max(beats) - min(beats) > len(beats)


@pytest.mark.parametrize("name", ["kline_missing", "kline_duplicate", "kline_nan", "kline_late", "unknown_event"])
def test_the_faults_of_streams_strike_at_coinbase_too(name: str) -> None:
    usual, bench = Bench(), Bench((Fault(name, target="candles:*", count=1),))
    right = heard(usual, coinbase(usual, "candles"), 20)
    assert heard(bench, coinbase(bench, "candles"), 20) != right


def test_the_last_update_of_a_candle_can_be_missing_at_coinbase() -> None:
    bench = Bench((Fault("close_missing", count=1),))
    heard(bench, coinbase(bench, "candles", "heartbeats"), 700)
    assert bench.exchange("coinbase").counters.faults == {"close_missing": 1}

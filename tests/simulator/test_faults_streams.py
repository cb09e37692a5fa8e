"""What each fault of streams and connections does that a client can see."""

from __future__ import annotations

import re

import pytest

from perseus.exchanges.wire.transport import Closed
from perseus.simulator.faults.fault import Fault
from perseus.simulator.session import Torn
from perseus.simulator.wire import Asked, Reply
from tests.simulator.conftest import START_MS, Bench, end_of, frames, told
from tests.simulator.looking import STREAM, closes, coinbase, heard, one, rows


@pytest.mark.parametrize(
    ("name", "column", "shape"),
    [("long_prices", 4, r"\d+\.\d{20}"), ("exponent_volume", 5, r"\d+E-8")],
)
def test_numbers_take_another_form_at_rest_and_in_streams(name: str, column: int, shape: str) -> None:
    bench = Bench((Fault(name),))
    assert re.fullmatch(shape, rows(bench)[0][column])
    event = heard(bench, bench.open(f"/ws/{STREAM}"), 5)[0]
    assert re.fullmatch(shape, event["k"]["c" if column == 4 else "v"])


def test_unknown_fields_come_in_events() -> None:
    event = heard(bench := Bench((Fault("unknown_fields"),)), bench.open(f"/ws/{STREAM}"), 5)[0]
    assert "zz" in event["k"]


def test_kline_duplicate_late_reordered_and_missing() -> None:
    usual = Bench()
    right = heard(usual, usual.open(f"/ws/{STREAM}"), 200)
    by_fault = {}
    for fault in (one("kline_duplicate"), one("kline_late"), one("kline_reordered"), one("kline_missing")):
        bench = Bench((fault,))
        by_fault[fault.name] = heard(bench, bench.open(f"/ws/{STREAM}"), 200)
    assert by_fault["kline_duplicate"][:3] == [right[0], right[0], right[1]]
    assert by_fault["kline_reordered"][:2] == [right[1], right[0]]
    assert by_fault["kline_missing"] == right[1:]
    late = by_fault["kline_late"]
    assert late.index(right[0]) > 10
    assert sorted(late, key=str) == sorted(right, key=str)


def test_close_missing_leaves_out_that_event_alone() -> None:
    usual, bench = Bench(), Bench((one("close_missing"),))
    right = heard(usual, usual.open(f"/ws/{STREAM}"), 200)
    lacking = heard(bench, bench.open(f"/ws/{STREAM}"), 200)
    assert [event for event in right if event not in lacking] == closes(right)[:1]


def test_close_corrected_is_told_twice_and_the_truth_last() -> None:
    bench = Bench((one("close_corrected"),))
    first, second = closes(heard(bench, bench.open(f"/ws/{STREAM}"), 60))[:2]
    bar = bench.exchange().truth.bar("BTCUSDT", "1m", first["k"]["t"])
    assert first["k"]["t"] == second["k"]["t"]
    assert bar
    assert (first["k"]["n"], second["k"]["n"]) == (1, bar.trades)
    assert second["E"] > first["E"]


def test_kline_nan_time_backwards_and_unknown_event() -> None:
    bench = Bench((one("kline_nan"), one("time_backwards", ms=9_000), one("unknown_event")))
    messages = heard(bench, bench.open(f"/ws/{STREAM}"), 10)
    assert messages[0]["e"] == "marketWeather"
    assert messages[1]["k"]["c"] == "NaN"
    assert messages[1]["E"] < START_MS


def test_channel_renamed_leaves_tickers_as_they_are() -> None:
    bench = Bench((Fault("channel_renamed"),))
    session = bench.open("/stream", streams=f"{STREAM}/btcusdt@miniTicker")
    kinds = {message["data"]["e"] for message in heard(bench, session, 10)}
    assert kinds == {"kline2", "24hrMiniTicker"}
    channels = {message["channel"]: message for message in heard(bench, coinbase(bench, "candles", "ticker"), 10)}
    assert channels.keys() == {"subscriptions", "candles_v2", "ticker"}
    assert channels["candles_v2"]["events"][0]["candles"]


def test_fragmented_is_the_same_message_in_pieces() -> None:
    bench = Bench((one("fragmented"),))
    session = bench.open(f"/ws/{STREAM}")
    bench.wait(5)
    assert [isinstance(frame, Torn) for frame in frames(session)][:2] == [True, False]


def test_handshake_is_refused_for_the_connection_that_it_names() -> None:
    bench = Bench((Fault("handshake", target="2", params={"status": 500}),))
    bench.open("/ws")
    refused = bench.exchange().connect(Asked("/ws"))
    assert isinstance(refused, Reply)
    assert refused.status == 500
    bench.open("/ws")


def test_silent_accept_sends_nothing_at_all() -> None:
    bench = Bench((one("silent_accept"),))
    session = bench.open(f"/ws/{STREAM}")
    bench.wait(30)
    assert frames(session) == []


def test_ack_never_and_ack_other_id() -> None:
    bench = Bench((one("ack_never"),))
    session = bench.open("/ws")
    bench.say(session, {"method": "SUBSCRIBE", "params": [STREAM], "id": 1})
    assert {message.get("e") for message in heard(bench, session, 5)} == {"kline"}
    other = Bench((one("ack_other_id"),))
    session = other.open("/ws")
    other.say(session, {"method": "SUBSCRIBE", "params": [STREAM], "id": 1})
    assert told(session)[0]["id"] == 987_654_321


def test_ack_dead_is_acknowledged_listed_and_silent_until_it_is_asked_for_again() -> None:
    bench = Bench((one("ack_dead"),))
    session = bench.open("/ws")
    bench.say(session, {"method": "SUBSCRIBE", "params": [STREAM], "id": 1})
    assert heard(bench, session, 10) == [{"result": None, "id": 1}]
    bench.say(session, {"method": "SUBSCRIBE", "params": [STREAM], "id": 2})
    assert len(heard(bench, session, 10)) > 2


def test_ping_strict_wants_its_pong_within_its_deadline() -> None:
    bench = Bench((one("ping_strict", deadline_ms=1_000),))
    session = bench.open("/ws")
    bench.wait(21.5)
    assert end_of(session) == Closed(None, "no pong")

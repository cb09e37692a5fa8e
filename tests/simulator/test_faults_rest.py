"""What each fault of REST does that a client can see."""

from __future__ import annotations

import msgspec
import pytest

from perseus.simulator.faults.fault import Fault
from tests.simulator.conftest import Bench
from tests.simulator.looking import FLOOR, MINUTE, klines, one, rows


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (one("http_429", retry_after_s=7), 429, "7"),
        (one("http_429_bare"), 429, None),
        (one("http_418"), 418, "120"),
        (one("http_403"), 403, None),
        (one("http_5xx", status=504), 504, None),
        (one("busy"), 503, None),
    ],
)
def test_a_status_in_place_of_the_answer(fault: Fault, status: int, retry_after: str | None) -> None:
    bench = Bench((fault,))
    reply = klines(bench)
    assert (reply.status, reply.headers.get("retry-after")) == (status, retry_after)
    assert bench.world.broken() == {}
    assert bench.exchange().counters.faults == {fault.name: 1}
    assert klines(bench, address="b").status == 200


def test_who_asks_on_after_a_429_of_a_fault_breaks_a_rule() -> None:
    bench = Bench((one("http_429", retry_after_s=7),))
    klines(bench)
    bench.wait(6.9)
    assert klines(bench).status == 429
    assert bench.world.broken() == {"binance asked_while_frozen": 1, "binance http_429": 1}


def test_what_was_under_way_when_a_fault_froze_an_address_breaks_no_rule() -> None:
    bench = Bench((one("http_429", retry_after_s=7), one("http_418")))
    assert [klines(bench).status for _ in range(3)] == [429, 418, 418]
    bench.wait(0.9)
    assert klines(bench).status == 418
    assert bench.world.broken() == {}
    bench.wait(0.2)
    klines(bench)
    assert "binance asked_while_frozen" in bench.world.broken()


@pytest.mark.parametrize(
    ("name", "flaw"),
    [("http_reset", "reset"), ("stalled_body", "stall"), ("wrong_length", "short"), ("gzip_bomb", "bomb")],
)
def test_an_answer_that_does_not_arrive_whole(name: str, flaw: str) -> None:
    bench = Bench((one(name),))
    assert [klines(bench).flaw for _ in range(2)] == [flaw, "none"]


def test_an_answer_that_comes_late() -> None:
    bench = Bench((one("slow_headers", wait_ms=700), one("slow_body", wait_ms=900)))
    reply = klines(bench)
    assert (reply.head_wait_ms, reply.body_wait_ms) == (700, 900)


@pytest.mark.parametrize("name", ["truncated_json", "empty_body", "html_page"])
def test_a_200_that_is_no_json(name: str) -> None:
    bench = Bench((one(name),))
    reply = klines(bench)
    assert reply.status == 200
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(reply.body)
    assert rows(bench)


def test_rest_lag_shows_a_closed_candle_without_its_last_trades_for_a_while() -> None:
    bench = Bench((Fault("rest_lag", params={"ms": 2_000}),))
    bench.wait_until(FLOOR + MINUTE + 100)
    lagging = rows(bench, startTime=FLOOR, endTime=FLOOR)
    bench.wait(2)
    right = rows(bench, startTime=FLOOR, endTime=FLOOR)
    assert lagging[0][8] == right[0][8] - 1
    assert lagging[0][5] != right[0][5]


def test_rest_hole_is_never_filled_and_the_truth_knows_it() -> None:
    bench = Bench((one("rest_hole"),))
    first = [row[0] for row in rows(bench)]
    assert len(first) == 4
    bench.wait(30)
    assert [row[0] for row in rows(bench)] == first
    known = bench.exchange().truth.known("BTCUSDT", "1m", FLOOR - 4 * MINUTE, FLOOR)
    assert [entry.must for entry in known].count(False) == 1


def test_rest_missing_lacks_the_newest_rows_once() -> None:
    bench = Bench((one("rest_missing"),))
    assert [len(rows(bench)) for _ in range(2)] == [4, 5]


def test_rest_duplicate_and_shuffled_disorder_one_answer() -> None:
    twice, mixed = Bench((one("rest_duplicate"),)), Bench((one("rest_shuffled"),))
    assert len(rows(twice)) == 6
    opens = [row[0] for row in rows(mixed, limit=50)]
    assert opens != sorted(opens)
    assert len(rows(twice)) == len(rows(mixed)) == 5


def test_zero_volume_rows_fill_what_nobody_traded_in() -> None:
    bench = Bench((Fault("zero_volume_row"),))
    found = rows(bench, symbol="QUIETUSDT", limit=60)
    opens = [row[0] for row in found]
    assert opens == list(range(opens[0], opens[-1] + 1, MINUTE))
    flat = [row for row in found if row[5] == "0.00000000"]
    assert flat
    assert all(len(set(row[1:5])) == 1 for row in flat)
    known = bench.exchange().truth.known("QUIETUSDT", "1m", opens[0], opens[-1])
    assert sum(not entry.must for entry in known) == len(flat)


def test_rest_nan_is_one_price() -> None:
    bench = Bench((one("rest_nan"),))
    assert [b"NaN" in klines(bench).body for _ in range(2)] == [True, False]

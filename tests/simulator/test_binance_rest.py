"""Binance over HTTP: rows, ranges, weights, and what happens to who asks too much."""

from __future__ import annotations

import pytest

from perseus.simulator.market import buckets
from perseus.simulator.wire import Asked
from tests.simulator.conftest import START_MS, Bench

MINUTE = 60_000
FLOOR = START_MS - START_MS % MINUTE


def opens(bench: Bench, **params: object) -> list[int]:
    return [row[0] for row in bench.json("/api/v3/klines", symbol="BTCUSDT", interval="1m", **params)]


def test_without_times_the_newest_rows_come_and_the_last_is_in_progress(bench: Bench) -> None:
    bench.wait(30)
    found = opens(bench, limit=3)
    assert found == [FLOOR - 2 * MINUTE, FLOOR - MINUTE, FLOOR]


def test_five_hundred_rows_come_unless_more_are_asked_for_and_never_over_a_thousand(bench: Bench) -> None:
    assert len(opens(bench)) == 500
    assert len(opens(bench, limit=5_000)) == 1_000


def test_a_start_is_rounded_up_to_the_next_open_time(bench: Bench) -> None:
    assert opens(bench, startTime=FLOOR - 9 * MINUTE + 1, limit=2) == [FLOOR - 8 * MINUTE, FLOOR - 7 * MINUTE]
    assert opens(bench, startTime=FLOOR - 9 * MINUTE, limit=1) == [FLOOR - 9 * MINUTE]


def test_an_end_alone_gives_the_newest_up_to_it_and_both_give_from_the_start(bench: Bench) -> None:
    end = FLOOR - 5 * MINUTE
    assert opens(bench, endTime=end, limit=2) == [end - MINUTE, end]
    assert opens(bench, startTime=end - 9 * MINUTE, endTime=end, limit=2) == [end - 9 * MINUTE, end - 8 * MINUTE]
    assert opens(bench, startTime=end, endTime=end) == [end]


def test_a_start_of_nought_is_the_first_candle_ever(bench: Bench) -> None:
    first = opens(bench, startTime=0, limit=1)
    assert first == [bench.exchange().truth.book("BTCUSDT").listed_ms]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ({"symbol": "BTCUSDT"}, -1102),
        ({"symbol": "BTCUSDT", "interval": "1m", "startTime": "then"}, -1100),
    ],
)
def test_a_bad_parameter_is_refused_with_its_code_and_counted(
    bench: Bench, params: dict[str, object], code: int
) -> None:
    reply = bench.get("/api/v3/klines", **params)
    assert reply.status == 400
    assert f'"code":{code}'.encode() in reply.body
    assert bench.exchange().counters.broken["bad_request"] == 1


def test_an_unknown_symbol_is_refused_but_breaks_no_rule(bench: Bench) -> None:
    reply = bench.get("/api/v3/klines", symbol="NOPE", interval="1m")
    assert (reply.status, b"-1121" in reply.body) == (400, True)
    assert bench.world.broken() == {}


def test_every_answer_says_what_this_minute_has_weighed_so_far(bench: Bench) -> None:
    assert bench.get("/api/v3/exchangeInfo").headers["x-mbx-used-weight-1m"] == "20"
    assert bench.get("/api/v3/klines", symbol="BTCUSDT", interval="1m").headers["x-mbx-used-weight-1m"] == "22"
    assert bench.get("/api/v3/time", address="b").headers["x-mbx-used-weight-1m"] == "1"
    bench.wait_until(FLOOR + MINUTE)
    assert bench.get("/api/v3/time").headers["x-mbx-used-weight-1m"] == "1"
    assert bench.get("/api/v3/exchangeInfo", name="binance_us").headers["x-mbx-used-weight-1m"] == "10"


def use_up(bench: Bench) -> None:
    for _ in range(300):
        assert bench.get("/api/v3/exchangeInfo").status == 200


def test_the_limit_is_refused_by_429_until_the_minute_ends(bench: Bench) -> None:
    use_up(bench)
    reply = bench.get("/api/v3/ping")
    assert (reply.status, reply.headers["retry-after"]) == (429, "45")
    assert b"-1003" in reply.body
    assert bench.get("/api/v3/ping", address="b").status == 200
    bench.wait_until(FLOOR + MINUTE)
    assert bench.get("/api/v3/ping").status == 200
    assert bench.exchange().counters.broken == {"http_429": 1}


def test_who_goes_on_is_banned_and_each_ban_is_longer(bench: Bench) -> None:
    use_up(bench)
    assert [bench.get("/api/v3/ping").status for _ in range(5)] == [429, 429, 429, 418, 418]
    bench.wait(119)
    assert bench.get("/api/v3/ping").status == 418
    bench.wait(61)
    use_up(bench)
    assert [bench.get("/api/v3/ping").status for _ in range(4)] == [429, 429, 429, 418]
    assert bench.get("/api/v3/ping").headers["retry-after"] == "480"


def test_a_lowered_limit_is_told_by_exchange_info(bench: Bench) -> None:
    bench.get("/api/v3/ping")
    bench.exchange().lower(0.5)
    assert bench.json("/api/v3/exchangeInfo")["rateLimits"][0]["limit"] == 3_000


def test_the_row_of_a_closed_candle_is_the_truth(bench: Bench) -> None:
    bench.wait(600)
    row = bench.json("/api/v3/klines", symbol="ETHUSDT", interval="5m", limit=2)[0]
    bar = bench.exchange().truth.bar("ETHUSDT", "5m", row[0])
    assert bar
    assert row[8] == bar.trades
    assert row[6] == buckets.close_of("5m", row[0]) - 1
    assert float(row[4]) == pytest.approx(bar.close / 1e8)


def test_tickers_tell_of_the_last_day(bench: Bench) -> None:
    one = bench.json("/api/v3/ticker/24hr", symbol="BTCUSDT")
    assert one["closeTime"] - one["openTime"] == 86_400_000
    assert float(one["lowPrice"]) <= float(one["openPrice"]) <= float(one["highPrice"])
    assert len(bench.json("/api/v3/ticker/price")) == len(bench.exchange().listed())


def test_times_come_in_microseconds_where_they_are_asked_for(bench: Bench) -> None:
    asked = Asked("/api/v3/time", {}, {"x-mbx-time-unit": "MICROSECOND"}, "a")
    assert str(START_MS * 1_000).encode() in bench.exchange().http(asked).body

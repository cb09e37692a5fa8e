"""The truth of the simulated exchange: the same each time, whole, and the same however one looks."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.market.timeframes import Timeframe
from perseus.simulator.market import buckets, past
from perseus.simulator.market.bar import Bar, short, text, units
from tests.simulator.conftest import START_MS, Bench

HOUR = 3_600_000


@given(st.sampled_from(buckets.TIMEFRAMES), st.integers(0, 4_000_000_000_000))
def test_its_buckets_are_those_that_the_market_package_cuts_by_itself(name: str, ms: int) -> None:
    timeframe = Timeframe.parse(name)
    opened = buckets.open_of(name, ms)
    assert opened == timeframe.open_of(ms)
    assert buckets.close_of(name, opened) == timeframe.close_of(opened)
    assert opened <= ms < buckets.close_of(name, opened)


@given(st.integers(0, 10**22))
def test_numbers_are_written_and_read_without_loss(number: int) -> None:
    assert units(text(number)) == units(short(number)) == number


def bars(bench: Bench, symbol: str = "BTCUSDT", timeframe: str = "1m", minutes: int = 90) -> list[Bar]:
    return bench.exchange().truth.bars(symbol, timeframe, START_MS - minutes * 60_000, None, 10_000)


def test_the_same_seed_gives_the_same_candles_in_one_step_or_in_many() -> None:
    one, other = Bench(), Bench()
    one.wait(4_000)
    for _ in range(400):
        other.wait(10)
        other.get("/api/v3/klines", symbol="BTCUSDT", interval="5m")
    assert one.now_ms == other.now_ms
    assert bars(one) == bars(other)
    assert bars(one, "QUIETUSDT") == bars(other, "QUIETUSDT")


def test_another_seed_gives_others() -> None:
    assert bars(Bench()) != bars(Bench(seed="other"))


@pytest.mark.parametrize("timeframe", [name for name in buckets.TIMEFRAMES if name != "1m"])
def test_a_longer_candle_is_what_its_minutes_are(bench: Bench, timeframe: str) -> None:
    bench.wait(3 * 86_400 if timeframe in ("12h", "1d") else 9 * HOUR / 1_000)
    truth, start = bench.exchange().truth, START_MS - START_MS % 60_000
    whole = [bar for bar in truth.bars("XRPUSDT", timeframe, start, None, 10_000) if bar.open_ms >= start]
    assert whole or timeframe in ("3d", "1w", "1M", "12h")
    for bar in whole:
        parts = truth.bars("XRPUSDT", "1m", bar.open_ms, buckets.close_of(timeframe, bar.open_ms) - 1, 100_000)
        assert (bar.open, bar.close) == (parts[0].open, parts[-1].close)
        assert (bar.high, bar.low) == (max(part.high for part in parts), min(part.low for part in parts))
        assert bar.volume == sum(part.volume for part in parts)
        assert bar.trades == sum(part.trades for part in parts)
        assert (bar.first_id, bar.last_id) == (parts[0].first_id, parts[-1].last_id)


def test_the_candle_that_ran_at_the_start_goes_on(bench: Bench) -> None:
    truth, opened = bench.exchange().truth, buckets.open_of("1d", START_MS)
    before = truth.bar("BTCUSDT", "1d", opened)
    bench.wait(3_600)
    after = truth.bar("BTCUSDT", "1d", opened)
    assert before
    assert after
    assert after.open == before.open
    assert after.trades > before.trades > 0


@pytest.mark.parametrize("timeframe", buckets.TIMEFRAMES)
def test_every_candle_is_possible_and_meets_its_neighbour_in_the_past(bench: Bench, timeframe: str) -> None:
    found = bench.exchange().truth.bars("BTCUSDT", timeframe, None, None, 40)
    assert len(found) == 40 or timeframe == "1M"
    for bar in found:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0
        assert bar.trades > 0
    past = [bar for bar in found if buckets.close_of(timeframe, bar.open_ms) <= START_MS - 60_000]
    assert all(one.close == two.open for one, two in pairwise(past))


def test_a_quiet_symbol_has_buckets_without_any_candle(bench: Bench) -> None:
    bench.wait(2 * 3_600)
    live = bench.exchange().truth.bars("QUIETUSDT", "1m", START_MS, None, 1_000)
    past = bench.exchange().truth.bars("QUIETUSDT", "1m", START_MS - 2 * HOUR, START_MS, 1_000)
    assert 0 < len(live) < 60
    assert 0 < len(past) < 60


def test_nothing_is_known_of_what_has_not_happened(bench: Bench) -> None:
    assert bench.exchange().truth.bar("BTCUSDT", "1m", START_MS - START_MS % 60_000 + 60_000) is None


def test_a_thousand_candles_of_the_past_take_no_time(bench: Bench) -> None:
    began = time.process_time()
    assert len(bench.exchange().truth.bars("BTCUSDT", "1d", None, None, 1_000)) == 1_000
    assert time.process_time() - began < 0.5


def test_candles_that_meet_are_not_drawn_each_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    made, chance = [0], past._chance

    def counted(*of: int) -> float:
        made[0] += 1
        return chance(*of)

    monkeypatch.setattr(past, "_chance", counted)
    assert len(Bench(seed="never used before").exchange().truth.bars("BTCUSDT", "1m", None, None, 1_000)) == 1_000
    assert made[0] < 6_000, "four for itself, and a few that all of them share"

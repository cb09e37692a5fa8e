"""Timeframes: every moment is in one candle, and each candle ends where the next opens."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.market.timeframes import DAY, TIMEFRAMES, Timeframe, UnknownTimeframe

MOMENTS = st.integers(0, 8_000_000_000_000)
ALL = st.sampled_from(TIMEFRAMES)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms(*when: int) -> int:
    return (datetime(*when, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)  # type: ignore[misc,arg-type]


@given(ALL, MOMENTS)
def test_every_moment_is_in_the_candle_that_is_found_for_it(timeframe: Timeframe, moment: int) -> None:
    open_ms = timeframe.open_of(moment)
    assert open_ms <= moment < timeframe.close_of(open_ms)
    assert timeframe.is_open(open_ms)
    assert timeframe.is_open(moment) == (open_ms == moment)
    assert timeframe.open_of(timeframe.close_of(open_ms) - 1) == open_ms


@given(ALL, MOMENTS, st.integers(0, 40))
def test_shifting_there_and_back_ends_where_it_began(timeframe: Timeframe, moment: int, count: int) -> None:
    open_ms = timeframe.open_of(moment)
    later = timeframe.shift(open_ms, count)
    assert timeframe.shift(later, -count) == open_ms
    assert list(timeframe.opens(open_ms, later)) == [timeframe.shift(open_ms, number) for number in range(count)]
    assert timeframe.count(open_ms, later) == count


@given(ALL, MOMENTS, st.integers(0, 30), st.integers(-1_000, 1_000), st.integers(-1_000, 1_000))
def test_candles_of_a_range_are_counted_as_they_are_listed(
    timeframe: Timeframe, moment: int, count: int, before: int, behind: int
) -> None:
    start = moment + abs(before)
    end = timeframe.shift(timeframe.open_of(start), count) + behind
    assert timeframe.count(start, end) == len(list(timeframe.opens(start, end)))


@pytest.mark.parametrize(
    ("name", "moment", "opened"),
    [
        ("1w", ms(2026, 11, 22, 23, 59), ms(2026, 11, 16)),
        ("1w", ms(2026, 11, 23), ms(2026, 11, 23)),
        ("1M", ms(2024, 2, 29, 23, 59), ms(2024, 2, 1)),
        ("1M", ms(2025, 1, 1), ms(2025, 1, 1)),
        ("4h", ms(2026, 11, 21, 7, 59, 59), ms(2026, 11, 21, 4)),
        ("1s", ms(2026, 11, 21, 7, 59, 59) + 999, ms(2026, 11, 21, 7, 59, 59)),
    ],
)
def test_candles_open_where_binance_opens_them(name: str, moment: int, opened: int) -> None:
    assert Timeframe.parse(name).open_of(moment) == opened


def test_weeks_open_on_mondays_and_months_on_their_first_day() -> None:
    week, month = Timeframe.parse("1w"), Timeframe.parse("1M")
    for day in range(20_000, 20_800):
        when = EPOCH + timedelta(days=day)
        assert week.is_open(day * DAY) == (when.weekday() == 0)
        assert month.is_open(day * DAY) == (when.day == 1)
    assert month.ms is None


@pytest.mark.parametrize("name", ["5M", "1H", "", "60", "5 m", "1min"])
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownTimeframe, match="Known: 1s, 1m, 3m, .* 1w, 1M") as unknown:
        Timeframe.parse(name)
    assert repr(name) in str(unknown.value)


def test_a_minute_is_not_a_month() -> None:
    assert Timeframe.parse("1m") is not Timeframe.parse("1M")


def test_there_is_one_object_of_each() -> None:
    for timeframe in TIMEFRAMES:
        assert Timeframe.parse(str(timeframe)) is timeframe
        assert copy.deepcopy(timeframe) is timeframe
        assert pickle.loads(pickle.dumps(timeframe)) is timeframe
    assert all(one < other for one, other in pairwise(TIMEFRAMES))


def test_no_candle_is_shifted_from_a_time_at_which_none_opens() -> None:
    with pytest.raises(ValueError, match="no 5m candle opens at 1"):
        Timeframe.parse("5m").close_of(1)

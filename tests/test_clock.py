"""Three times, never mixed: elapsed, the store's, and text for people."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.clock import StoreClock, SystemClock, iso, parse_iso
from tests.conftest import ManualClock

STORE_MS = 1_790_000_000_000


def heard(clock: ManualClock, store_ms: int = STORE_MS) -> StoreClock:
    store_clock = StoreClock(clock)
    store_clock.heard(store_ms, clock.elapsed(), clock.elapsed())
    return store_clock


def test_elapsed_time_counts_through_suspend() -> None:
    assert SystemClock().elapsed() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1)


def test_the_wall_clock_is_unix_milliseconds() -> None:
    assert SystemClock().wall_ms() == pytest.approx(time.time() * 1000, abs=1000)


def test_the_store_s_time_goes_on_by_elapsed_time_between_two_answers(clock: ManualClock) -> None:
    store_clock = heard(clock)
    clock.advance(12.5)
    assert store_clock.now_ms() == STORE_MS + 12_500


@pytest.mark.parametrize("jump_ms", [365 * 86_400_000, -365 * 86_400_000, 1])
def test_a_wall_clock_that_jumps_moves_it_by_nothing(clock: ManualClock, jump_ms: int) -> None:
    store_clock = heard(clock)
    clock.advance(1)
    clock.wall += jump_ms
    assert store_clock.now_ms() == STORE_MS + 1_000


def test_a_wall_clock_that_is_a_year_off_is_told_as_skew(clock: ManualClock) -> None:
    clock.wall = STORE_MS + 31_536_000_000
    assert heard(clock).skew_ms == 31_536_000_000


def test_the_store_is_taken_to_have_answered_in_the_middle_of_the_round_trip(clock: ManualClock) -> None:
    store_clock = StoreClock(clock)
    sent_at = clock.elapsed()
    clock.advance(2)
    store_clock.heard(STORE_MS, sent_at, clock.elapsed())
    assert store_clock.now_ms() == STORE_MS + 1_000
    assert store_clock.skew_ms == clock.wall_ms() - (STORE_MS + 1_000)


def test_before_its_first_answer_the_host_s_own_time_stands_in(clock: ManualClock) -> None:
    store_clock = StoreClock(clock)
    assert (store_clock.now_ms(), store_clock.skew_ms) == (clock.wall_ms(), None)


def test_each_answer_sets_it_anew(clock: ManualClock) -> None:
    store_clock = heard(clock)
    clock.advance(10)
    store_clock.heard(STORE_MS + 10_400, clock.elapsed(), clock.elapsed())
    assert store_clock.now_ms() == STORE_MS + 10_400


def test_text_is_utc_to_the_millisecond_with_a_z() -> None:
    assert iso(1_795_220_579_007) == "2026-11-21T00:22:59.007Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"


@given(st.integers(0, 253_402_300_799_999))
def test_text_reads_back_to_the_same_millisecond(ms: int) -> None:
    assert parse_iso(iso(ms)) == ms


def test_another_zone_s_text_is_the_same_moment() -> None:
    assert parse_iso("2026-11-21T01:22:59.007+01:00") == 1_795_220_579_007


@pytest.mark.parametrize("text", ["", "now", "2026-11-21T00:22:59", "2026-11-21", "2026-13-01T00:00:00Z", "1795220579"])
def test_text_without_a_zone_or_meaning_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat|month|time"):
        parse_iso(text)


def test_the_stores_time_never_runs_backwards_within_one_run_of_events() -> None:
    clock = ManualClock()
    store = StoreClock(clock)
    store.heard(50_000, 1_000.0, 1_000.0)
    first = store.now_ms()
    store.heard(49_998, 1_000.0, 1_000.0)
    assert store.now_ms() == first


def test_a_store_clock_that_was_set_back_is_followed() -> None:
    clock = ManualClock()
    store = StoreClock(clock)
    store.heard(50_000, 1_000.0, 1_000.0)
    assert store.now_ms() == 50_000
    store.heard(20_000, 1_000.0, 1_000.0)
    assert store.now_ms() == 20_000


def test_an_answer_that_took_long_moves_no_time() -> None:
    clock = ManualClock()
    store = StoreClock(clock)
    store.heard(50_000, 1_000.0, 1_000.0)
    clock.advance(2)
    store.heard(50_000, 1_000.0, 1_002.0)
    assert store.now_ms() == 52_000

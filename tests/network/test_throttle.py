"""Repeated errors: the first at once, the rest once a minute with their count. Pure: time is an argument."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perseus.network.log.throttle import DISTINCT, OVERFLOW, WINDOW, ErrorThrottle


def test_the_first_of_an_error_is_told_at_once_and_its_repeats_wait() -> None:
    throttle = ErrorThrottle()
    assert [throttle.report("reset", now) for now in (0, 1, 2)] == ["reset", None, None]


def test_its_repeats_are_told_once_when_the_minute_is_over() -> None:
    throttle = ErrorThrottle()
    for now in (0, 1, 2):
        throttle.report("reset", now)
    assert throttle.due(WINDOW - 0.1) == []
    assert throttle.due(WINDOW) == [("reset", 2)]
    assert throttle.due(WINDOW + 0.1) == []


def test_an_error_that_goes_on_is_told_every_minute() -> None:
    throttle = ErrorThrottle()
    told = [("reset", 1)] if throttle.report("reset", 0) else []
    for now in range(1, 300):
        throttle.report("reset", now)
        told += throttle.due(now)
    assert [text for text, _ in told] == ["reset"] * 5
    assert sum(count for _, count in told) + throttle.due(0, everything=True)[0][1] == 300


def test_an_error_that_stopped_for_a_minute_is_new_again() -> None:
    throttle = ErrorThrottle()
    throttle.report("reset", 0)
    assert throttle.due(WINDOW) == []
    assert throttle.report("reset", WINDOW) == "reset"


def test_different_errors_do_not_wait_for_each_other() -> None:
    throttle = ErrorThrottle()
    assert throttle.report("reset", 0) == "reset"
    assert throttle.report("refused", 1) == "refused"


def test_a_storm_of_errors_that_all_differ_becomes_one_count() -> None:
    throttle = ErrorThrottle()
    told = [throttle.report(f"error {number}", 0) for number in range(1_000)]
    assert [text for text in told if text] == [*(f"error {number}" for number in range(DISTINCT)), OVERFLOW]
    assert throttle.due(WINDOW) == [(OVERFLOW, 1_000 - DISTINCT - 1)]


def test_before_the_end_everything_counted_is_told() -> None:
    throttle = ErrorThrottle()
    for _ in range(3):
        throttle.report("reset", 0)
    throttle.report("refused", 0)
    assert throttle.due(1, everything=True) == [("reset", 2)]
    assert throttle.due(1, everything=True) == []


def test_it_says_when_to_ask_again() -> None:
    throttle = ErrorThrottle()
    assert throttle.next_due() is None
    throttle.report("reset", 10)
    throttle.report("refused", 20)
    assert throttle.next_due() == 10 + WINDOW
    throttle.due(10 + WINDOW)
    assert throttle.next_due() == 20 + WINDOW


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), max_size=60))
def test_no_error_is_lost_and_none_is_counted_twice(reports: list[tuple[str, float]]) -> None:
    throttle, now, told = ErrorThrottle(), 0.0, dict.fromkeys("abc", 0)
    for text, pause in reports:
        now += pause
        for known, count in throttle.due(now):
            told[known] += count
        told[text] += throttle.report(text, now) == text
    for known, count in throttle.due(now, everything=True):
        told[known] += count
    assert told == {text: sum(name == text for name, _ in reports) for text in "abc"}

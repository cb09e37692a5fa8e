"""How often something comes, and when its silence is noticed: by pauses of late, not by an outage that is over."""

from __future__ import annotations

import pytest

from perseus.exchanges.streams.pulse import MANY, STILL_AFTER, TIMES, Pulse


def beating(every: float, times: int = MANY) -> Pulse:
    """One that has come so often, `every` so many seconds."""
    one = Pulse()
    for number in range(times):
        one.beat(number * every)
    return one


def until_still(one: Pulse) -> float:
    """Seconds of silence after which it is noticed."""
    return next(seconds for seconds in range(100_000) if one.is_still(one.spoke + seconds, 0.0))


@pytest.mark.parametrize(("every", "seconds"), [(1.0, STILL_AFTER), (10.0, 10 * TIMES)])
def test_a_silence_is_noticed_after_many_times_the_usual_pause(every: float, seconds: float) -> None:
    assert until_still(beating(every)) == pytest.approx(seconds, abs=1)


def test_nothing_is_noticed_of_what_came_seldom() -> None:
    assert not beating(1.0, MANY - 1).is_still(10_000.0, 0.0)


def test_a_second_outage_soon_after_a_long_one_is_noticed_almost_as_soon() -> None:
    one = beating(1.0)
    at = one.spoke + 3_600
    for number in range(120):
        one.beat(at + number)
    assert until_still(one) < 2 * STILL_AFTER


def test_what_comes_more_seldom_from_now_on_is_no_outage() -> None:
    one, noticed = beating(1.0), 0
    for _ in range(50):
        noticed += one.is_still(one.spoke + 119, 0.0)
        one.beat(one.spoke + 120)
    assert noticed <= 2

"""When what is held to be absent by empty answers alone is asked for again, and with what."""

from __future__ import annotations

import pytest

from perseus.exchanges.budget.ledger import Priority
from perseus.ingest.engine.absence import AMONG, BEFORE, NOTHING, SILENT, USUAL
from perseus.ingest.engine.blank import AGAIN_MS
from perseus.ingest.engine.reasking import HOUR_SECONDS, HOURS, LOOK_SECONDS, SPREAD, Reasking, next_range
from perseus.ingest.engine.series import Series
from tests.ingest.test_blank import NOW, empty
from tests.ingest.test_series import DEPTH, MOST, at, series
from tests.market.making import candle

NUMBER = 200


def holed(why: str = NOTHING) -> Series:
    one = series(0)
    one.coverage = one.coverage.absent(at(-8), at(-4), why)
    return one


def asked_at(one: Series, hours: float, chance: float = 0.0) -> list[float]:
    """After how many hours it is asked for, where REST gives nothing for it each time. The candles stand still."""
    found: list[float] = []
    wanted: list[Priority] = []
    reasking = Reasking({one.pair: one}, lambda _, priority: wanted.append(priority), lambda: NOW, lambda: chance)
    for step in range(round(hours * HOUR_SECONDS / LOOK_SECONDS)):
        reasking.look(step * LOOK_SECONDS)
        if (asked := next_range(one, NOW, MOST)) is not None:
            found.append(step * LOOK_SECONDS / HOUR_SECONDS)
            assert one.fetched(asked, NOW, []) == []
            assert next_range(one, NOW, MOST) is None
    assert wanted == [Priority.WARMUP] * len(found)
    return found


def test_it_is_asked_for_ever_more_seldom_and_each_time_once() -> None:
    assert HOURS == (0.25, 1, 4, 12, 24)
    assert asked_at(holed(), 80) == [0.25, 1.25, 5.25, 17.25, 41.25, 65.25]


def test_waits_are_spread() -> None:
    first, second = asked_at(holed(), 2, chance=1.0)
    assert (first, second - first) == pytest.approx((0.25 * (1 + SPREAD), 1 + SPREAD), abs=LOOK_SECONDS / HOUR_SECONDS)


@pytest.mark.parametrize("why", [AMONG, SILENT])
def test_what_is_absent_by_proof_is_never_asked_for_again(why: str) -> None:
    assert asked_at(holed(why), 100) == []


@pytest.mark.parametrize("why", [BEFORE, USUAL])
def test_what_is_believed_because_it_is_usual_or_lies_before_the_first_candle_is_asked_for_again(why: str) -> None:
    assert asked_at(holed(why), 6) == [0.25, 1.25, 5.25]


def test_many_holes_of_a_quiet_pair_are_asked_for_together_and_never_again_once_proven() -> None:
    one = series(0)
    for number in (-9, -7, -5, -3):
        one.coverage = one.coverage.absent(at(number), at(number + 1), USUAL)
    one.again = (at(-9), at(-2))
    asked = next_range(one, NOW, MOST)
    assert asked == (at(-10), at(-1))
    one.fetched(asked, NOW, [candle(number) for number in (-10, -8, -6, -4, -2)])
    assert {hole.why for hole in one.coverage.holes} == {AMONG}
    assert asked_at(one, 100) == []


def test_of_more_than_one_answer_holds_the_newest_is_asked_for_with_the_candle_that_proves_it() -> None:
    one = series(0, depth=40)
    one.coverage = one.coverage.absent(at(-40), at(-4), BEFORE)
    one.again = (at(-40), at(-4))
    asked = next_range(one, NOW, 10)
    assert asked == (at(-13), at(-3))
    one.fetched(asked, NOW, [candle(-4)])
    assert [hole[:] for hole in one.coverage.holes] == [(at(-40), at(-13), BEFORE), (at(-13), at(-4), AMONG)]
    assert next_range(one, NOW, 10) is None
    one.again = (at(-40), at(-13))
    assert next_range(one, NOW, 10) == (at(-23), at(-13))


def test_what_is_refused_is_not_asked_for() -> None:
    one = holed()
    one.is_refused = True
    assert asked_at(one, 5) == []


def test_what_is_asked_for_again_is_asked_for_with_a_candle_that_is_known_and_so_proved() -> None:
    one = holed()
    one.again = (at(-8), at(-4))
    asked = next_range(one, NOW, MOST)
    assert asked == (at(-9), at(-3))
    one.fetched(asked, NOW, [candle(-9), candle(-5), candle(-4)])
    assert [hole[:] for hole in one.coverage.holes] == [(at(-8), at(-5), AMONG)]
    assert (one.again, one.came) == (None, 1)


def test_a_young_symbol_waits_a_minute_for_its_first_candle_is_asked_for_beside() -> None:
    one = series(0, depth=30)
    assert empty(one, NOW) == (at(-30), at(-DEPTH))
    asked = next_range(one, NOW + AGAIN_MS[0], MOST)
    assert asked == (at(-30), at(1 - DEPTH))
    one.fetched(asked, NOW + AGAIN_MS[0], [candle(-DEPTH)])
    assert one.is_whole(NOW + AGAIN_MS[0])
    assert [hole.why for hole in one.coverage.holes] == [AMONG]


def test_what_is_newly_held_absent_is_asked_for_soon_together_with_the_rest() -> None:
    one = holed()
    wanted: list[Series] = []
    reasking = Reasking({one.pair: one}, lambda series, _: wanted.append(series), lambda: NOW, lambda: 0.0)
    for at_hour in (0.0, 0.25, 1.25):
        reasking.look(at_hour * HOUR_SECONDS)
    assert len(wanted) == 2
    one.coverage = one.coverage.absent(at(-2), at(-1), NOTHING)
    reasking.look(1.5 * HOUR_SECONDS)
    reasking.look(1.7 * HOUR_SECONDS)
    assert len(wanted) == 2
    reasking.look(1.75 * HOUR_SECONDS)
    assert len(wanted) == 3
    assert next_range(one, NOW, MOST) == (at(-9), at(0))
    reasking.look(2.7 * HOUR_SECONDS)
    assert len(wanted) == 3


def test_what_was_found_shortly_before_the_rest_is_asked_for_is_asked_for_as_soon_again() -> None:
    one = holed()
    wanted: list[Series] = []
    reasking = Reasking({one.pair: one}, lambda series, _: wanted.append(series), lambda: NOW, lambda: 0.0)
    reasking.look(0.0)
    one.coverage = one.coverage.absent(at(-2), at(-1), NOTHING)
    for at_hour in (0.2, 0.25, 0.49):
        reasking.look(at_hour * HOUR_SECONDS)
    assert len(wanted) == 1
    reasking.look(0.5 * HOUR_SECONDS)
    assert len(wanted) == 2
    reasking.look(1.49 * HOUR_SECONDS)
    assert len(wanted) == 2


def test_what_is_missing_goes_first() -> None:
    one = holed()
    one.again = (at(-8), at(-4))
    assert next_range(one, at(1.5), MOST) == (at(-1), at(1))
    one.fetched((at(-1), at(1)), at(1.5), [candle(-1), candle(0)])
    assert next_range(one, at(1.5), MOST) == (at(-9), at(-3))


def test_what_the_window_has_left_behind_is_not_asked_for() -> None:
    one = holed()
    one.again = (at(-8), at(-4))
    one.coverage = one.coverage.verify(at(0), at(NUMBER))
    assert next_range(one, at(NUMBER), MOST) is None
    assert one.again is None

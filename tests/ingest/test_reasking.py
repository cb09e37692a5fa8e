"""When what is held to be absent by empty answers alone is asked for again, and with what."""

from __future__ import annotations

from perseus.exchanges.budget.ledger import Priority
from perseus.ingest.engine.absence import AMONG, NOTHING
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
    assert HOURS == (1, 2, 4, 8, 16, 24)
    assert asked_at(holed(), 80) == [1, 3, 7, 15, 31, 55, 79]


def test_waits_are_spread() -> None:
    (first,) = asked_at(holed(), 2, chance=1.0)
    assert first == 1 + SPREAD


def test_what_is_absent_by_proof_is_never_asked_for_again() -> None:
    assert asked_at(holed(AMONG), 100) == []


def test_what_is_refused_is_not_asked_for() -> None:
    one = holed()
    one.is_refused = True
    assert asked_at(one, 5) == []


def test_what_is_asked_for_again_is_asked_for_with_a_candle_that_is_known_and_so_proved() -> None:
    one = holed()
    one.again = (at(-8), at(-4))
    asked = next_range(one, NOW, MOST)
    assert asked == (at(-8), at(-3))
    one.fetched(asked, NOW, [candle(-5), candle(-4)])
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


def test_what_is_newly_held_absent_is_asked_for_within_the_hour_together_with_the_rest() -> None:
    one = holed()
    wanted: list[Series] = []
    reasking = Reasking({one.pair: one}, lambda series, _: wanted.append(series), lambda: NOW, lambda: 0.0)
    for at_hour in (0.0, 1.0, 3.0):
        reasking.look(at_hour * HOUR_SECONDS)
    assert len(wanted) == 2
    one.coverage = one.coverage.absent(at(-2), at(-1), NOTHING)
    reasking.look(3.5 * HOUR_SECONDS)
    reasking.look(4.4 * HOUR_SECONDS)
    assert len(wanted) == 2
    reasking.look(4.5 * HOUR_SECONDS)
    assert len(wanted) == 3
    assert next_range(one, NOW, MOST) == (at(-8), at(0))
    reasking.look(6.4 * HOUR_SECONDS)
    assert len(wanted) == 3


def test_what_is_missing_goes_first() -> None:
    one = holed()
    one.again = (at(-8), at(-4))
    assert next_range(one, at(1.5), MOST) == (at(0), at(1))
    one.fetched((at(0), at(1)), at(1.5), [candle(0)])
    assert next_range(one, at(1.5), MOST) == (at(-8), at(-3))


def test_what_the_window_has_left_behind_is_not_asked_for() -> None:
    one = holed()
    one.again = (at(-8), at(-4))
    one.coverage = one.coverage.verify(at(0), at(NUMBER))
    assert next_range(one, at(NUMBER), MOST) is None
    assert one.again is None

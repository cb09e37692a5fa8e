"""Answers with nothing in them: what is believed of them, and when it is asked again."""

from __future__ import annotations

from perseus.ingest.engine.absence import FEW, NOTHING
from perseus.ingest.engine.blank import AGAIN_MS
from perseus.ingest.engine.series import Series
from perseus.market.coverage import Range
from perseus.warmup.scan import SUFFICIENT
from tests.ingest.test_series import DEPTH, MOST, at, series
from tests.market.making import candle

DEEP = 200
NOW = at(0.5)


def empty(one: Series, asked_ms: int) -> Range | None:
    """What is asked for then, and answered with nothing."""
    asked = one.missing(asked_ms, MOST)
    if asked is not None:
        assert one.fetched(asked, asked_ms, []) == []
    return asked


def test_a_history_that_is_answered_with_nothing_stays_unverified_until_it_was_for_minutes() -> None:
    one = series(None, depth=20)
    assert empty(one, NOW) == (at(-20), at(0))
    assert empty(one, NOW + 300) is None
    assert not one.is_whole(NOW + 300)
    one.watch(NOW)
    assert not one.is_due(NOW + AGAIN_MS[0] - 1)
    again_ms = NOW + AGAIN_MS[0]
    assert one.is_due(again_ms)
    assert not one.is_due(again_ms)
    assert empty(one, again_ms) is not None
    assert one.coverage.holes == ()
    last_ms = again_ms + AGAIN_MS[1]
    asked = empty(one, last_ms)
    assert asked is not None
    assert [hole[0] for hole in one.coverage.holes] == [asked[0]]


def test_a_history_that_comes_the_second_time_is_one() -> None:
    one = series(None, depth=20)
    assert empty(one, NOW) is not None
    asked = one.missing(NOW + AGAIN_MS[0], MOST)
    assert asked == (at(-20), at(0))
    one.fetched(asked, NOW + AGAIN_MS[0], [candle(number) for number in range(-20, 0)])
    assert one.is_whole(NOW + AGAIN_MS[0])
    assert one.coverage.holes == ()


def test_what_ends_meanwhile_is_asked_for_by_itself() -> None:
    one = series(None, depth=20)
    assert empty(one, NOW) is not None
    assert empty(one, NOW + AGAIN_MS[0]) is not None
    assert one.missing(at(1.2), MOST) == (at(0), at(1))
    one.fetched((at(0), at(1)), at(1.2), [candle(0)])
    assert one.missing(at(1.2), MOST) is None


def test_a_few_candles_without_a_trade_are_believed_at_the_second_answer() -> None:
    one = series(-FEW)
    assert empty(one, NOW) == (at(-FEW), at(0))
    assert empty(one, NOW + 300) == (at(-FEW), at(0))
    assert one.is_whole(NOW + 300)


def test_what_lies_before_the_first_candle_of_a_young_symbol_is_believed_at_once() -> None:
    one = series(None, depth=DEEP)
    asked = (at(-20), at(0))
    one.fetched(asked, NOW, [candle(number) for number in range(-3, 0)])
    for asked_ms in range(NOW, NOW + 2_000, 300):
        empty(one, asked_ms)
    assert one.is_whole(NOW + 2_000)


def test_what_lies_before_many_candles_that_are_known_is_asked_for_as_often_as_all_else() -> None:
    one = series(None, depth=DEEP)
    one.coverage = one.coverage.verify(at(-SUFFICIENT), at(0))
    assert empty(one, NOW) is not None
    assert empty(one, NOW + AGAIN_MS[0]) is not None
    assert one.coverage.holes == ()
    assert empty(one, NOW + sum(AGAIN_MS)) is not None
    assert {hole.why for hole in one.coverage.holes} == {NOTHING}


def test_what_is_asked_for_later_waits_by_itself() -> None:
    one = series(None, depth=20, full_depth=MOST)
    assert empty(one, NOW) == (at(-20), at(0))
    one.depth = MOST
    assert empty(one, NOW + 300) == (at(-MOST), at(-20))
    assert one.missing(NOW + 600, MOST) is None
    assert empty(one, NOW + AGAIN_MS[0]) == (at(-20), at(0))
    assert empty(one, NOW + AGAIN_MS[0] + 300) == (at(-MOST), at(-20))
    assert one.missing(NOW + AGAIN_MS[0] + 600, MOST) is None
    assert one.coverage.holes == ()


def test_a_few_beside_many_that_are_not_believed_are_not_either() -> None:
    one = series(None, depth=20)
    assert empty(one, NOW) == (at(-20), at(0))
    assert empty(one, at(1.2)) is not None
    assert one.missing(at(1.2) + 300, MOST) is None
    assert one.coverage.holes == ()


def test_what_is_known_meanwhile_is_in_doubt_no_more() -> None:
    one = series(None, depth=20)
    assert empty(one, NOW) is not None
    one.coverage = one.coverage.verify(at(-20), at(0))
    assert one.missing(NOW + 300, MOST) is None
    assert one.blank.episode is None


def test_a_few_are_in_doubt_no_longer_than_the_many_beside_them() -> None:
    one = series(None, depth=20)
    assert empty(one, NOW) == (at(-20), at(0))
    assert empty(one, at(1.2)) is not None
    one.fetched((at(-20), at(0)), at(1.2), [candle(number) for number in range(-20, 0)])
    assert one.blank.episode is None
    assert one.missing(at(1.2) + 300, MOST) == (at(0), at(1))


def test_an_episode_is_filled_when_something_came_of_each_range_that_was_asked_for() -> None:
    one = series(None, depth=20, full_depth=MOST)
    assert empty(one, NOW) == (at(-20), at(0))
    one.depth = MOST
    assert empty(one, NOW + 300) == (at(-MOST), at(-20))
    one.fetched((at(-20), at(1)), NOW + AGAIN_MS[0], [candle(number) for number in range(-20, 0)])
    assert one.blank.episode is not None
    one.fetched((at(-MOST), at(-19)), NOW + AGAIN_MS[0], [candle(-MOST + 7), candle(-20)])
    assert one.blank.episode is None
    assert one.blank.is_filled


def test_an_episode_is_not_filled_by_candles_that_were_known() -> None:
    one = series(0, depth=30)
    assert empty(one, NOW) == (at(-30), at(-DEPTH))
    one.fetched((at(-30), at(1 - DEPTH)), NOW + AGAIN_MS[0], [candle(-DEPTH)])
    assert one.blank.episode is None
    assert not one.blank.is_filled


def test_an_episode_is_not_filled_when_only_the_newest_came() -> None:
    one = series(None, depth=20, full_depth=MOST)
    assert empty(one, NOW) == (at(-20), at(0))
    one.depth = MOST
    assert empty(one, NOW + 300) == (at(-MOST), at(-20))
    one.fetched((at(-20), at(1)), NOW + AGAIN_MS[0], [candle(number) for number in range(-15, 0)])
    assert empty(one, NOW + 300 + AGAIN_MS[0]) == (at(-MOST), at(-20))
    assert one.blank.episode is None
    assert not one.blank.is_filled

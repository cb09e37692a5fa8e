"""What an answer with nothing in it shows of the candles that it lacks, and what it does not."""

from __future__ import annotations

from perseus.ingest.engine.absence import (
    AFTER,
    AMONG,
    BEFORE,
    NOTHING,
    SILENT,
    USUAL,
    doubtful,
    from_known,
    up_to_known,
)
from perseus.ingest.engine.blank import AGAIN_MS
from perseus.ingest.engine.reasking import next_range
from perseus.ingest.engine.series import Series
from perseus.market.candle import Candle
from perseus.market.coverage import Coverage, Range
from perseus.market.timeframes import Timeframe
from tests.ingest.test_blank import NOW, empty
from tests.ingest.test_series import MOST, at, running, series
from tests.market.making import candle

FRAME = Timeframe.parse("5m")


def whys(*, quiet: int | None = None, held: int | None = None) -> list[str | None]:
    """The evidence for the newest candle of a pair that holes were known of, once REST gave nothing for it twice."""
    one = series(0)
    for number, why in ((quiet, AMONG), (held, NOTHING)):
        if number is not None:
            one.coverage = one.coverage.absent(at(number), at(number + 1), why)
    for asked_ms in (at(1.5), at(1.6)):
        one.fetched((at(0), at(1)), asked_ms, [])
    assert one.is_whole(at(1.6))
    return [hole.why for hole in one.coverage.holes if hole.start_ms == at(0)]


def test_few_of_a_pair_that_had_all_before_are_not_absent_for_good() -> None:
    assert whys() == [NOTHING]


def test_few_of_a_pair_that_often_has_none_are_absent_for_now() -> None:
    assert whys(quiet=-4) == [USUAL]


def test_few_beside_others_that_are_not_sure_are_not_absent_for_good() -> None:
    assert whys(quiet=-4, held=-2) == [NOTHING]


def refuted(one: Series, asked: Range, given: list[Candle]) -> None:
    """The answer lacks what is there for sure: nothing is believed of it before it is given for eleven minutes."""
    asked_ms = at(1.1)
    one.fetched(asked, asked_ms, given)
    assert one.missing(asked_ms + 1_000, MOST) is None
    assert not one.is_whole(asked_ms + 1_000)
    for after_ms in (AGAIN_MS[0], sum(AGAIN_MS)):
        assert one.missing(asked_ms + after_ms - 1_000, 1) != (at(0), at(1))
        assert one.coverage.unverified(at(0), at(1))
        one.fetched(asked, asked_ms + after_ms, given)
    assert [hole[1:] for hole in one.coverage.holes if hole.start_ms == at(0)] == [(at(1), AFTER if given else NOTHING)]


def test_few_that_the_stream_has_spoken_of_are_not_believed_at_once() -> None:
    one = series()
    one.heard(running(0))
    refuted(one, (at(0), at(1)), [])


def test_few_of_an_answer_that_lacks_what_is_known_are_not_believed_at_once() -> None:
    refuted(series(0, is_streamed=False), (at(-2), at(1)), [])


def test_an_end_that_the_stream_has_spoken_of_is_not_believed_at_once() -> None:
    one = series()
    one.heard(running(0))
    refuted(one, (at(-1), at(1)), [candle(-1)])


def test_an_end_that_two_answers_lack_is_absent_for_now_until_a_later_candle_proves_it() -> None:
    one = series()
    for asked_ms in (at(1.1), at(1.1) + 500):
        one.fetched((at(-1), at(1)), asked_ms, [candle(-1)])
    assert [hole.why for hole in one.coverage.holes] == [AFTER]
    assert doubtful(one.coverage, at(0), at(1)) == [(at(0), at(1))]
    one.fetched((at(-1), at(2)), at(2.1), [candle(-1), candle(1)])
    assert [hole.why for hole in one.coverage.holes] == [AMONG]


def test_the_candle_before_is_asked_for_beside_where_one_answer_holds_both() -> None:
    coverage = Coverage().verify(at(-20), at(-10)).absent(at(-10), at(0), USUAL)
    assert from_known((at(0), at(1)), coverage, FRAME, 12) == (at(-11), at(1))
    assert from_known((at(0), at(1)), coverage, FRAME, 11) == (at(0), at(1))
    assert from_known((at(-30), at(-20)), coverage, FRAME, 100) == (at(-30), at(-20))


def test_what_a_stream_that_was_whole_did_not_tell_of_either_is_absent_for_good() -> None:
    one = series()
    one.live(at(-1))
    one.heard(running(-1))
    one.heard(running(1))
    one.fetched((at(0), at(1)), at(1.5), [])
    assert [hole.why for hole in one.coverage.holes] == [SILENT]


def test_what_lies_before_the_first_candle_that_was_given_is_absent_for_now() -> None:
    one = series(None, depth=200)
    one.fetched((at(-20), at(0)), NOW, [candle(number) for number in range(-3, 0)])
    assert empty(one, NOW) is not None
    assert empty(one, NOW + 300) is not None
    assert [hole.why for hole in one.coverage.holes] == [BEFORE, AMONG]
    assert doubtful(one.coverage, *one.window(NOW + 300)) == [one.coverage.holes[0][:2]]


def test_a_quiet_pair_whose_depth_was_answered_with_nothing_gets_it_when_it_is_asked_for_again() -> None:
    one = series(None, depth=20, full_depth=90)
    one.fetched((at(-20), at(0)), NOW, [candle(number) for number in range(-15, 0)])
    one.depth = 90
    assert empty(one, NOW) == (at(-90), at(-20))
    assert one.is_whole(NOW)
    one.again = one.coverage.holes[0][:2]
    asked = next_range(one, NOW, MOST)
    assert asked == (at(-90), at(-14))
    one.fetched(asked, NOW, [candle(number) for number in (*range(-90, -20), -15)])
    assert [hole[:] for hole in one.coverage.holes] == [(at(-20), at(-15), AMONG)]
    assert one.came == 70
    assert doubtful(one.coverage, *one.window(NOW)) == []


def test_what_was_held_to_be_absent_is_judged_anew_by_an_answer_with_candles_around_it() -> None:
    one = series(0)
    one.coverage = one.coverage.absent(at(-6), at(-2), NOTHING)
    one.fetched((at(-6), at(-1)), NOW, [candle(number) for number in (-6, -4, -2)])
    assert [hole[:] for hole in one.coverage.holes] == [(at(-5), at(-4), AMONG), (at(-3), at(-2), AMONG)]
    assert one.came == 2
    assert one.is_whole(NOW)


def test_what_is_not_spanned_by_an_answer_stays_as_it_is() -> None:
    one = series(0)
    one.coverage = one.coverage.absent(at(-6), at(-2), NOTHING)
    one.fetched((at(-8), at(-1)), NOW, [candle(number) for number in (-8, -7)])
    assert doubtful(one.coverage, at(-8), at(0)) == [(at(-6), at(-2))]
    assert one.is_whole(NOW)


def test_a_candle_that_is_known_is_asked_for_beside_where_one_answer_holds_both() -> None:
    one = series(0)
    assert up_to_known((at(-20), at(-15)), one.coverage, FRAME, NOW, 11) == (at(-20), at(-9))
    assert up_to_known((at(-20), at(-15)), one.coverage, FRAME, NOW, 10) == (at(-20), at(-15))


def test_the_candle_that_runs_is_asked_for_beside_where_none_is_known() -> None:
    one = series(None, depth=20)
    assert up_to_known((at(-20), at(0)), one.coverage, FRAME, NOW, MOST) == (at(-20), at(1))
    one.fetched((at(-20), at(1)), NOW, [running(0)])
    assert one.is_whole(NOW)
    assert [hole[:] for hole in one.coverage.holes] == [(at(-20), at(0), AMONG)]

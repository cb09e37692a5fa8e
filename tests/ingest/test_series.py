"""One series of candles: what is sure of it, what has to be asked for, and what nobody is sure of yet."""

from __future__ import annotations

from perseus.ingest.engine.norows import SPOILT_TIMES, UNREADABLE_MS
from perseus.ingest.engine.series import BOUNDARY_CANDLES, DOUBT_MS, Series
from perseus.market.candle import Candle
from perseus.market.coverage import Coverage
from tests.market.making import BTC, START, STEP, candle

DEPTH = 10
MOST = 100


def at(number: float) -> int:
    """The open time of the candle of that number."""
    return START + round(number * STEP)


def series(whole_to: int | None = 0, **changes: object) -> Series:
    """One that is whole up to the candle of that number."""
    coverage = Coverage() if whole_to is None else Coverage().verify(at(-DEPTH), at(whole_to))
    values: dict[str, object] = {"depth": DEPTH, "is_streamed": True, "is_close_told": True, "coverage": coverage}
    return Series(BTC, **{**values, **changes})  # type: ignore[arg-type]


def running(number: int, into: int = 1_000, **changes: object) -> Candle:
    return candle(number, is_closed=False, event_ms=at(number) + into, **changes)


def test_at_first_all_of_the_depth_is_asked_for() -> None:
    assert series(None).missing(at(0.5), MOST) == (at(-DEPTH), at(0))


def test_the_newest_are_asked_for_first_where_one_answer_is_too_small() -> None:
    assert series(None).missing(at(0.5), 4) == (at(-4), at(0))


def test_a_candle_is_waited_for_before_it_is_asked_for() -> None:
    assert series().missing(at(1) + 4_999, MOST) is None
    assert series().missing(at(1) + 5_000, MOST) == (at(0), at(1))
    assert series(is_streamed=False, depth=1).missing(at(1) + 2_999, 1) is None
    assert series(is_streamed=False, depth=1).missing(at(1) + 3_000, 1) == (at(0), at(1))


def test_a_finished_candle_of_the_stream_is_sure() -> None:
    one = series()
    one.heard(candle(0))
    assert one.missing(at(1.5), MOST) is None


def test_one_range_spans_all_that_is_missing() -> None:
    one = series(-6)
    one.coverage = one.coverage.verify(at(-4), at(-2))
    assert one.missing(at(0.5), MOST) == (at(-6), at(0))


def test_of_what_no_stream_brings_the_last_few_are_read_again() -> None:
    one = series(is_streamed=False)
    assert one.missing(at(1.5), MOST) == (at(1 - BOUNDARY_CANDLES), at(1))
    mended = [candle(-1, close="101"), candle(0)]
    assert one.fetched((at(-2), at(1)), at(1.5), mended) == mended


def test_doubt_reaches_to_the_end_of_the_candle_that_runs() -> None:
    one = series(1)
    one.doubt(at(-1) + 5, at(0) + 5)
    assert one.missing(at(1) + 5_000, MOST) == (at(-1), at(1))


def test_what_is_in_doubt_is_asked_for_when_its_stream_is_not_back_soon() -> None:
    one = series(1)
    now = at(0.5)
    one.watch(now)
    one.doubt(at(-1), now)
    assert not one.is_due(now + DOUBT_MS - 1)
    assert one.is_due(now + DOUBT_MS)
    assert not one.is_due(now + DOUBT_MS + 1)
    one.doubt(at(-1), now)
    one.live(now)
    assert not one.is_due(now + DOUBT_MS)


def test_it_is_due_once_for_each_candle_that_ends() -> None:
    one = series()
    one.watch(at(0.5))
    assert [one.is_due(at(1) + ms) for ms in (4_999, 5_000, 5_500)] == [False, True, False]
    assert one.is_due(at(4))


def test_what_rest_gave_too_early_is_not_sure() -> None:
    one = series()
    assert one.fetched((at(0), at(1)), at(1) + 2_999, [candle(0)]) == []
    assert one.missing(at(1.5), MOST) == (at(0), at(1))


def test_what_lies_before_a_candle_that_rest_gave_is_absent() -> None:
    one = series()
    one.fetched((at(0), at(3)), at(3.5), [candle(2)])
    assert one.missing(at(3.5), MOST) is None
    assert [(start, end) for start, end, _ in one.coverage.holes] == [(at(0), at(2))]


def test_an_end_that_one_answer_lacks_is_absent_only_when_a_second_lacks_it_too() -> None:
    one = series()
    one.fetched((at(0), at(1)), at(1.5), [])
    assert one.missing(at(1.5), MOST) == (at(0), at(1))
    one.fetched((at(0), at(1)), at(1.6), [])
    assert one.missing(at(1.6), MOST) is None
    assert one.coverage.holes


def test_a_stream_that_was_whole_and_spoke_later_is_a_second_witness() -> None:
    one = series()
    one.live(at(-1))
    one.heard(running(-1))
    one.heard(running(1))
    one.fetched((at(0), at(1)), at(1.5), [])
    assert one.coverage.holes


def test_a_stream_that_spoke_of_the_candle_or_was_not_whole_is_none() -> None:
    spoke, late = series(), series()
    spoke.live(at(-1))
    spoke.heard(running(0))
    late.live(at(0) + 1)
    for one in (spoke, late):
        one.heard(running(1))
        one.fetched((at(0), at(1)), at(1.5), [])
        assert not one.coverage.holes


def test_a_candle_that_only_its_successor_ends_is_told_once_and_not_sure() -> None:
    one = series(is_close_told=False)
    one.live(at(-1))
    one.heard(running(0))
    one.heard(running(1))
    assert one.settle(at(1) + 2_999) is None
    told = one.settle(at(1) + 3_000)
    assert told
    assert (told.open_ms, told.is_closed) == (at(0), True)
    assert one.settle(at(1) + 3_500) is None
    assert one.missing(at(1) + 5_000, MOST) == (at(0), at(1))


def test_a_stream_that_was_in_doubt_ends_no_candle() -> None:
    one = series(is_close_told=False)
    one.heard(running(0))
    one.doubt(at(0) + 2_000, at(0) + 3_000)
    one.live(at(0) + 4_000)
    one.heard(running(1))
    assert one.settle(at(1) + 4_000) is None


def test_an_older_state_changes_nothing() -> None:
    one = series(is_close_told=False)
    one.heard(running(0, into=9_000, close="101"))
    one.heard(running(0, into=8_000, close="102"))
    assert one.newest
    assert one.newest.close == "101"


def test_only_what_ends_after_the_beginning_is_told() -> None:
    one = series(live_from_ms=at(1))
    assert [one.is_live(candle(number)) for number in (-1, 0, 1)] == [False, False, True]


def test_what_was_learnt_by_a_wrong_time_is_unsaid_with_its_holes() -> None:
    one = series()
    one.fetched((at(0), at(3)), at(3.5), [candle(2)])
    one.unsay(at(1) + 1, at(3))
    assert one.missing(at(3.5), MOST) == (at(1), at(3))
    assert one.coverage.unverified(at(-DEPTH), at(1)) == ()


def test_a_row_that_is_no_candle_each_time_is_no_hole_and_is_asked_for_again_each_hour() -> None:
    for refused in ({at(1): "its high is 1"}, {None: "its open_ms is 5"}):
        one = series(None, depth=MOST)
        one.coverage = Coverage().verify(at(-MOST), at(0))
        for _ in range(SPOILT_TIMES - 1):
            one.fetched((at(0), at(3)), at(3.5), [candle(0), candle(2)], refused)
            assert one.missing(at(3.5), 2) == (at(1), at(2))
        one.fetched((at(1), at(2)), at(3.6), [], refused)
        assert (one.coverage.unverified(at(0), at(3)), one.coverage.holes) == (((at(1), at(2)),), ())
        one.watch(at(3.7))
        assert (one.missing(at(3.7), 2), one.is_unreadable, one.is_due(at(3.7))) == (None, True, False)
        one.watch(hour := at(3.6) + UNREADABLE_MS)
        assert [one.is_due(hour - 1), one.is_due(hour), one.is_due(hour)] == [False, True, False]
        assert (one.missing(hour - 1, MOST), one.missing(hour, MOST)) == ((at(3), at(15)), (at(1), at(15)))
        one.fetched((at(1), at(2)), hour, [candle(1)])
        assert (one.missing(hour, MOST), one.is_unreadable) == ((at(3), at(15)), False)


def test_a_row_that_is_a_candle_the_second_time_is_one() -> None:
    one = series(0)
    one.fetched((at(0), at(2)), at(2.5), [candle(1)], {at(0): "its high is 1"})
    one.fetched((at(0), at(1)), at(2.6), [candle(0)])
    assert one.coverage.verified[-1][1] == at(2)
    assert one.coverage.holes == ()


def test_what_was_told_and_lost_is_not_told_again_and_what_was_not_is() -> None:
    one = series(3)
    one.coverage = one.coverage.absent(at(1), at(2), "REST gave nothing")
    kept = Coverage().verify(at(2), at(3))
    assert one.lose(one.coverage, kept, at(5.5), told=[at(4)])
    opens = (-3, 0, 1, 2, 3, 4, 5)
    assert [one.is_live(candle(number)) for number in opens] == [False, False, True, True, True, False, True]
    assert not one.lose(kept, kept, at(3.5))

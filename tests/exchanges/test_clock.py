"""The exchange's time: from the least delayed sample, never by the host's date, never by one odd sample."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.exchanges.clock import JUMP_MS, LATELY_SECONDS, SPAN_SECONDS, ExchangeClock, TimeUnknown

BEGIN_MS = 1_790_000_000_000


class Rig:
    """A loop's time that is moved by hand, and an exchange whose clock goes `drift` times as fast."""

    def __init__(self, drift: float = 1.0) -> None:
        self.seconds = 500.0
        self.drift = drift
        self.ahead_ms = 0
        self.clock = ExchangeClock(lambda: self.seconds)

    @property
    def true_ms(self) -> int:
        return BEGIN_MS + self.ahead_ms + round((self.seconds - 500.0) * 1000 * self.drift)

    def told(self, delay: float = 0.0, error_ms: int = 0) -> None:
        stamped = self.true_ms + error_ms
        self.seconds += delay
        self.clock.heard(stamped)

    def asked(self, there: float = 0.05, back: float = 0.05, error_ms: int = 0) -> None:
        sent = self.seconds
        self.seconds += there
        stamped = self.true_ms + error_ms
        self.seconds += back
        self.clock.heard(stamped, sent)

    @property
    def error_ms(self) -> int:
        return self.clock.now_ms() - self.true_ms


def test_before_the_exchange_has_told_it_no_time_is_made_up() -> None:
    rig = Rig()
    assert (rig.clock.is_known, rig.clock.estimate_ms()) == (False, None)
    with pytest.raises(TimeUnknown):
        rig.clock.now_ms()
    rig.clock.suppose(BEGIN_MS)
    rig.seconds += 2
    assert (rig.clock.is_known, rig.clock.estimate_ms()) == (False, BEGIN_MS + 2_000)


def test_the_least_delayed_sample_counts_and_time_goes_on_between_them() -> None:
    rig = Rig()
    rig.asked(back=0.4)
    assert rig.error_ms == -400
    rig.told(delay=0.03)
    assert rig.error_ms == -30
    rig.told(delay=0.9)
    assert rig.error_ms == -30
    rig.seconds += 7
    assert rig.error_ms == -30


def test_the_host_s_date_does_not_matter_and_its_skew_is_told() -> None:
    rig = Rig()
    rig.asked(back=0.0)
    assert rig.clock.skew_ms(rig.true_ms + 300_000) == 300_000


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 5)), max_size=40))
def test_it_is_never_ahead_and_never_goes_back_however_samples_are_delayed(samples: list[tuple[float, float]]) -> None:
    rig = Rig()
    rig.asked(back=0.2)
    last = rig.clock.now_ms()
    for pause, delay in samples:
        rig.seconds += pause
        rig.told(delay)
        assert last <= rig.clock.now_ms() <= rig.true_ms + 1
        last = rig.clock.now_ms()


def test_one_event_from_the_future_moves_nothing_and_asks_for_a_look() -> None:
    rig = Rig()
    rig.asked(back=0.0)
    rig.told(error_ms=300_000)
    assert (rig.error_ms, rig.clock.is_doubtful, rig.clock.refused) == (0, True, 1)
    rig.asked()
    assert abs(rig.error_ms) <= 1
    assert not rig.clock.is_doubtful


@pytest.mark.parametrize("step_ms", [300_000, -300_000, JUMP_MS + 500])
def test_a_step_is_believed_when_two_answers_agree_and_not_before(step_ms: int) -> None:
    rig = Rig()
    rig.asked()
    rig.ahead_ms = step_ms
    rig.asked()
    assert abs(rig.error_ms + step_ms) <= 51
    assert rig.clock.is_doubtful
    rig.asked()
    assert abs(rig.error_ms) <= 51
    assert not rig.clock.is_doubtful


def test_two_answers_that_disagree_are_both_left_out() -> None:
    rig = Rig()
    rig.asked(back=0.0)
    rig.asked(error_ms=60_000)
    rig.asked(error_ms=-60_000)
    assert abs(rig.error_ms) <= 1


def test_the_first_answer_is_believed_over_an_event_that_came_before_it() -> None:
    rig = Rig()
    rig.told(error_ms=300_000)
    assert rig.clock.is_doubtful
    rig.asked(back=0.0)
    assert (rig.error_ms, rig.clock.is_doubtful) == (0, False)


@pytest.mark.parametrize("drift", [0.9999, 1.0001])
def test_a_clock_that_runs_a_little_off_is_followed_for_a_day(drift: float) -> None:
    rig = Rig(drift)
    rig.asked(back=0.0)
    for _ in range(86_400 // 10):
        rig.seconds += 10
        rig.told(delay=0.02)
        assert abs(rig.error_ms) <= 2 * SPAN_SECONDS * 1000 * 0.0001 + 25


def test_a_feed_that_lags_for_long_does_not_set_the_clock_back_but_asks_for_a_look() -> None:
    rig = Rig()
    rig.asked(back=0.0)
    for _ in range(200):
        rig.seconds += 10
        rig.clock.heard(rig.true_ms - 30_000)
    assert rig.error_ms == 0
    assert rig.clock.is_doubtful


@pytest.mark.parametrize("pace", [1.0, 60.0])
def test_an_exchange_that_sets_its_clock_back_is_doubted_soon_and_put_right_by_two_answers(pace: float) -> None:
    rig = Rig(pace)
    rig.clock.set_pace(pace)
    rig.asked(back=0.0)
    rig.told()
    rig.ahead_ms = -7_000
    for _ in range(2 * int(LATELY_SECONDS) + 2):
        rig.seconds += 1
        rig.told()
    assert (rig.error_ms, rig.clock.is_doubtful) == (7_000, True)
    rig.asked(there=0.0, back=0.0)
    rig.asked(there=0.0, back=0.0)
    assert (rig.error_ms, rig.clock.is_doubtful) == (0, False)


def test_a_feed_of_which_one_message_in_seconds_is_in_time_is_not_doubted() -> None:
    rig = Rig()
    rig.asked(back=0.0)
    for number in range(600):
        rig.seconds += 1
        rig.clock.heard(rig.true_ms - (50 if number % 9 == 0 else 4_000))
        assert not rig.clock.is_doubtful


def test_a_host_that_slept_is_put_right_by_two_answers() -> None:
    rig = Rig()
    rig.asked(back=0.0)
    rig.ahead_ms = 3_600_000  # the loop's time stood still meanwhile
    for _ in range(50):
        rig.told()
    assert rig.error_ms == -3_600_000
    rig.asked()
    rig.asked()
    assert abs(rig.error_ms) <= 51


def test_a_remembered_time_serves_at_once_and_stays_while_what_is_heard_agrees() -> None:
    rig = Rig()
    rig.clock.recall(rig.true_ms - 300)
    assert (rig.clock.is_known, rig.clock.is_doubtful, rig.error_ms) == (True, False, -300)
    for _ in range(100):
        rig.told(delay=0.02)
        rig.seconds += 1
    assert not rig.clock.is_doubtful
    assert -25 <= rig.error_ms <= 0


@pytest.mark.parametrize(("wrong_ms", "seconds"), [(-JUMP_MS - 100, 1), (60_000, 35), (JUMP_MS + 200, 35)])
def test_a_remembered_time_that_is_wrong_is_doubted_and_one_answer_puts_it_right(wrong_ms: int, seconds: int) -> None:
    rig = Rig()
    rig.clock.recall(rig.true_ms + wrong_ms)
    for _ in range(seconds):
        rig.told(delay=0.02)
        rig.seconds += 1
    assert rig.clock.is_doubtful
    rig.asked()
    assert not rig.clock.is_doubtful
    assert abs(rig.error_ms) <= 60


def test_a_remembered_time_that_is_a_little_ahead_is_forgotten_after_half_a_minute() -> None:
    rig = Rig()
    rig.clock.recall(rig.true_ms + 900)
    for _ in range(35):
        rig.told(delay=0.02)
        rig.seconds += 1
    rig.seconds += 2
    assert not rig.clock.is_doubtful
    assert abs(rig.error_ms) <= 60

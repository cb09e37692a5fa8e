"""The breaker as values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perseus.notify.delivery import BreakerState
from perseus.notify.lanes.breaker import Breaker, backoff

NOW = 1_790_000_000_000


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    breaker = Breaker()
    for number in range(1, 5):
        breaker = breaker.failed("503", NOW, 2)
        assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, number)
    breaker = breaker.failed("503", NOW, 2)
    assert (breaker.state, breaker.reason, breaker.since_ms) == (BreakerState.OPEN, "503", NOW)


def test_a_success_starts_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker = breaker.failed("503", NOW, 2)
    assert breaker.closed(NOW).failures == 0


def test_nothing_is_due_before_its_time_and_never_while_parked() -> None:
    failed = Breaker().failed("503", NOW, 10)
    assert not failed.is_due(NOW + 9_999)
    assert failed.is_due(NOW + 10_000)
    assert not Breaker().parked("404", NOW).is_due(NOW + 10**12)


def test_only_an_open_one_is_tried() -> None:
    assert Breaker().opened("stuck", NOW, 1).trying().state is BreakerState.HALF_OPEN
    assert Breaker().parked("404", NOW).trying().state is BreakerState.PARKED
    assert Breaker().trying().state is BreakerState.CLOSED


def test_a_try_that_fails_keeps_the_time_since_when_it_is_open() -> None:
    tried = Breaker().opened("stuck", NOW, 1).trying().failed("503", NOW + 60_000, 30)
    assert (tried.state, tried.since_ms, tried.retry_ms) == (BreakerState.OPEN, NOW, NOW + 90_000)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_wait_is_never_below_two_seconds_nor_above_five_minutes(failures: int, share: float) -> None:
    assert 2 <= backoff(failures, lambda least, most: least + share * (most - least)) <= 300


@given(
    st.sampled_from(list(BreakerState)),
    st.text(),
    st.none() | st.integers(0, 10**13),
    st.integers(0, 99),
    st.none() | st.integers(0, 10**13),
)
def test_it_reads_as_it_was_written(
    state: BreakerState, reason: str, since_ms: int | None, failures: int, retry_ms: int | None
) -> None:
    breaker = Breaker(state, reason, since_ms, failures, retry_ms)
    expected = BreakerState.OPEN if state is BreakerState.HALF_OPEN else state
    assert Breaker.read(breaker.fields()) == Breaker(expected, reason, since_ms, failures, retry_ms)


@given(st.dictionaries(st.sampled_from(["breaker", "breakerReason", "breakerSince", "failures", "retryAt"]), st.text()))
def test_junk_reads_as_closed_or_as_what_of_it_makes_sense(fields: dict[str, str]) -> None:
    assert isinstance(Breaker.read(fields), Breaker)

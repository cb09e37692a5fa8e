"""Lags, counted in classes."""

from __future__ import annotations

import pytest

from perseus.ingest.engine.lag import EDGES_MS, Lag


def test_without_any_there_is_no_percentile() -> None:
    assert Lag().percentile(0.99) is None


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99, 1.0])
def test_a_percentile_is_at_most_a_class_too_high(share: float) -> None:
    lag = Lag()
    for ms in range(1, 1_001):
        lag.note(ms)
    told = lag.percentile(share)
    assert told is not None
    assert share * 1_000 <= told <= max(share * 1_000 * 1.27, 2)


def test_what_is_below_zero_is_zero_and_what_is_above_all_classes_is_in_the_last() -> None:
    lag = Lag()
    lag.note(-40)
    assert lag.percentile(1) == EDGES_MS[0]
    lag.note(10**9)
    assert lag.percentile(1) == EDGES_MS[-1]
    assert lag.count == 2


def test_after_forgetting_it_begins_anew() -> None:
    lag = Lag()
    lag.note(5)
    lag.forget()
    assert (lag.count, lag.percentile(0.5)) == (0, None)

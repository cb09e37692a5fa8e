"""Precedence: in whatever order states of one candle arrive, the same one stands in the end."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.market.candle import Candle
from perseus.market.precedence import Change, change, same_numbers
from tests.market.making import START, STATES, candle


def standing(states: list[Candle]) -> Candle | None:
    stands: Candle | None = None
    for state in states:
        if change(stands, state).is_written:
            stands = state
    return stands


@given(st.lists(STATES, min_size=1, max_size=4, unique_by=lambda state: state.event_ms))
def test_states_of_different_times_end_alike_in_every_order(states: list[Candle]) -> None:
    last = max(states, key=lambda state: (state.is_closed, state.event_ms))
    assert {standing(list(order)) for order in permutations(states)} == {last}


@given(st.lists(STATES, max_size=6))
def test_what_was_told_before_changes_nothing_when_it_is_told_again(states: list[Candle]) -> None:
    stands = standing(states)
    assert standing(states + states[-1:]) == stands or stands is None
    if stands is not None:
        assert change(stands, stands) is Change.SAME


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ((5, False, "1"), (6, False, "2"), Change.MOVED),
        ((5, False, "1"), (5, False, "2"), Change.MOVED),
        ((5, False, "1"), (4, False, "2"), Change.REFUSED),
        ((5, False, "1"), (4, True, "2"), Change.CLOSED),
        ((5, True, "1"), (6, False, "2"), Change.REFUSED),
        ((5, True, "1"), (6, True, "2"), Change.CORRECTED),
        ((5, True, "1"), (5, True, "2"), Change.REFUSED),
        ((5, True, "1"), (4, True, "2"), Change.REFUSED),
        ((5, True, "1"), (6, True, "1.0"), Change.CONFIRMED),
        ((5, True, "1"), (5, True, "1.0"), Change.SAME),
        ((5, True, "1"), (4, True, "1.0"), Change.REFUSED),
    ],
)
def test_the_rule(old: tuple[int, bool, str], new: tuple[int, bool, str], what: Change) -> None:
    states = [candle(event_ms=START + at, is_closed=closed, close=close) for at, closed, close in (old, new)]
    assert change(states[0], states[1]) is what
    assert change(None, states[0]) is Change.FIRST


def test_numbers_are_compared_exactly_and_not_as_they_are_written() -> None:
    assert same_numbers(candle(close="105"), candle(close="1050.00e-1"))
    assert not same_numbers(candle(close="0.10000000000000000001"), candle(close="0.1"))
    assert not same_numbers(candle(quote_volume=None), candle(quote_volume="0"))
    assert not same_numbers(candle(trades=None), candle(trades=0))

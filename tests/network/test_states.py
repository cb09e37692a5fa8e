"""Which state may follow which: every pair there is."""

from __future__ import annotations

from itertools import product

import pytest

from perseus.errors import InvalidTransition
from perseus.network.states import OFFLINE, TRANSITIONS, State, check

ALLOWED = {
    ("idle", "starting"),
    ("starting", "warming"),
    ("warming", "active"),
    ("active", "stopping"),
    ("stopping", "stopped"),
    ("starting", "stopping"),
    ("warming", "stopping"),
    ("starting", "idle"),
    ("warming", "idle"),
    ("stopped", "idle"),
}
PAIRS = list(product(State, State))


@pytest.mark.parametrize(("from_state", "to_state"), [pair for pair in PAIRS if pair in ALLOWED])
def test_what_the_design_allows_passes(from_state: State, to_state: State) -> None:
    check("kraken", from_state, to_state)


@pytest.mark.parametrize(("from_state", "to_state"), [pair for pair in PAIRS if pair not in ALLOWED])
def test_everything_else_is_refused_with_both_states(from_state: State, to_state: State) -> None:
    with pytest.raises(InvalidTransition) as refusal:
        check("kraken", from_state, to_state)
    error = refusal.value
    assert (error.exchange, error.from_state, error.to_state) == ("kraken", from_state, to_state)
    assert set(error.allowed) == {to for origin, to in ALLOWED if origin == from_state}
    assert str(error).startswith(f"kraken cannot go from {from_state} to {to_state}.")
    assert all(state in str(error) for state in error.allowed)


def test_of_the_36_pairs_10_are_allowed() -> None:
    assert sum(len(following) for following in TRANSITIONS.values()) == len(ALLOWED) == 10
    assert set(TRANSITIONS) == set(State)


def test_offline_is_a_word_of_readers_and_no_state() -> None:
    assert OFFLINE not in list(State)

"""Leases are renewed in time, whatever becomes of one of them."""

from __future__ import annotations

from typing import cast

import pytest

from perseus.errors import StoreUnavailable
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.keeper import Keeper
from tests.conftest import ManualClock


class Held:
    """A Holding whose store a test takes away."""

    def __init__(self, destination: str) -> None:
        self.destination = destination
        self.token: int | None = None
        self.kept = 0
        self.is_free, self.is_away = True, False

    def keep(self) -> bool:
        if self.is_away:
            raise StoreUnavailable("node", "it hangs")
        self.kept += 1
        self.token = 1 if self.is_free else None
        return self.token is not None


@pytest.fixture
def taken() -> list[str]:
    return []


@pytest.fixture
def keeper(clock: ManualClock, taken: list[str]) -> Keeper:
    return Keeper(30, clock, taken.append)


def wanted(keeper: Keeper, *names: str) -> list[Held]:
    held = [Held(name) for name in names]
    for one in held:
        keeper.want(cast("Holding", one))
    return held


def test_a_lease_is_renewed_at_a_third_of_its_life(keeper: Keeper, clock: ManualClock, taken: list[str]) -> None:
    (one,) = wanted(keeper, "a")
    for _ in range(30):
        keeper.look()
        clock.advance(1)
    assert one.kept == 3
    assert taken == ["a"]


def test_what_another_has_is_asked_for_at_each_look(keeper: Keeper, clock: ManualClock, taken: list[str]) -> None:
    (one,) = wanted(keeper, "a")
    one.is_free = False
    for _ in range(5):
        keeper.look()
        clock.advance(1)
    assert (one.kept, taken) == (5, [])
    one.is_free = True
    keeper.look()
    assert taken == ["a"]


def test_a_node_that_hangs_costs_the_others_nothing(keeper: Keeper, clock: ManualClock) -> None:
    first, *others = wanted(keeper, "a", "b", "c")
    keeper.look()
    first.is_away = True
    for _ in range(60):
        clock.advance(1)
        try:
            keeper.look()
        except StoreUnavailable:
            continue
    assert [one.kept for one in others] == [6, 6]  # once a second late, and in time ever since
    first.is_away = False
    keeper.look()
    assert first.kept == 2


def test_what_is_dropped_is_kept_no_longer(keeper: Keeper, clock: ManualClock) -> None:
    one, other = wanted(keeper, "a", "b")
    keeper.look()
    keeper.drop("a")
    clock.advance(11)
    keeper.look()
    assert (one.kept, other.kept) == (1, 2)

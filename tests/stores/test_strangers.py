"""A sentinel of another site among those that the address names: nobody goes over to its primary."""

from __future__ import annotations

import pytest
import redis

from perseus.store.finder import LOOK_SECONDS, SHUN_SECONDS, Finder
from perseus.store.layout import Place
from tests.conftest import ManualClock
from tests.stores.test_finder import NEW, OLD, ONE, SENTINELS, THREE, TIMEOUT, TWO, Panel, finder, panel

__all__ = ["finder", "panel"]

FOREIGN = ("foreign", 6379)
FOUR = ("s", 4)
NAMED = [*SENTINELS, FOUR]


@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("stranger", SENTINELS)
@pytest.mark.parametrize("silent", [(), (0,), (0, 1)], ids=["all answer", "one is silent", "it alone answers"])
def test_a_sentinel_of_another_site_moves_nobody_while_epochs_are_equal(
    finder: Finder, panel: Panel, clock: ManualClock, epoch: int, stranger: Place, silent: tuple[int, ...]
) -> None:
    panel.told = {**dict.fromkeys(SENTINELS, (OLD, epoch)), stranger: (FOREIGN, epoch)}
    found = {finder.primary()}
    own = [one for one in SENTINELS if one != stranger]
    panel.told.update({own[number]: redis.ConnectionError("refused") for number in silent})
    for _ in range(9):
        clock.advance(LOOK_SECONDS)
        found.add(finder.primary())
        finder.doubt(OLD)
    assert found == {OLD}


def test_one_who_met_a_stranger_alone_goes_where_most_point(finder: Finder, panel: Panel, clock: ManualClock) -> None:
    panel.told = {ONE: redis.ConnectionError("refused"), TWO: redis.ConnectionError("refused"), THREE: (FOREIGN, 0)}
    assert finder.primary() == FOREIGN
    panel.told = {ONE: (OLD, 0), TWO: (OLD, 0), THREE: (FOREIGN, 0)}
    for _ in range(4):
        clock.advance(SHUN_SECONDS)
        finder.primary()
    assert finder.primary() == OLD


@pytest.mark.parametrize("stranger", NAMED)
@pytest.mark.parametrize("silent", [0, 1], ids=["all answer", "one is silent"])
def test_a_failover_of_another_site_moves_nobody_while_most_that_answer_are_ours(
    panel: Panel, clock: ManualClock, stranger: Place, silent: int
) -> None:
    finder = Finder(NAMED, "perseus", panel.make, TIMEOUT, clock.elapsed)
    own = [one for one in NAMED if one != stranger]
    panel.told = {**dict.fromkeys(own, (OLD, 1)), stranger: (FOREIGN, 1)}
    found = {finder.primary()}
    panel.told[stranger] = (FOREIGN, 9)
    panel.told.update({one: redis.ConnectionError("refused") for one in own[:silent]})
    for number in range(12):
        clock.advance(LOOK_SECONDS)
        if number % 3 == 0:
            finder.doubt(OLD)
        found.add(finder.primary())
    assert found == {OLD}


def test_who_starts_beside_a_stranger_of_a_newer_epoch_goes_where_most_point(panel: Panel, clock: ManualClock) -> None:
    panel.told = {**dict.fromkeys(SENTINELS, (OLD, 1)), FOUR: (FOREIGN, 9), ONE: redis.ConnectionError("refused")}
    for _ in NAMED:
        finder = Finder(NAMED, "perseus", panel.make, TIMEOUT, clock.elapsed)
        assert finder.primary() == OLD


def test_before_a_move_those_that_were_silent_lately_are_asked_too(panel: Panel, clock: ManualClock) -> None:
    """Two of ours were silent for a moment: a stranger and the third are no half of all that answer."""
    finder = Finder(NAMED, "perseus", panel.make, TIMEOUT, clock.elapsed)
    lost = redis.ConnectionError("refused")
    panel.told = {ONE: lost, TWO: lost, THREE: (OLD, 1), FOUR: (OLD, 1)}
    assert finder.primary() == OLD
    panel.told = {**dict.fromkeys(SENTINELS, (OLD, 1)), FOUR: (FOREIGN, 9)}
    for _ in range(5):
        clock.advance(LOOK_SECONDS)
        assert finder.primary() == OLD


def test_who_went_over_while_ours_were_silent_comes_back_with_them(panel: Panel, clock: ManualClock) -> None:
    finder = Finder(NAMED, "perseus", panel.make, TIMEOUT, clock.elapsed)
    lost = redis.ConnectionError("refused")
    panel.told = {**dict.fromkeys(SENTINELS, lost), FOUR: (FOREIGN, 9)}
    assert finder.primary() == FOREIGN
    for stranger in range(4):
        panel.told = {**dict.fromkeys(NAMED, (OLD, 1)), NAMED[stranger]: (FOREIGN, 9)}
        finder.doubt(FOREIGN)
        assert finder.primary() == OLD


@pytest.mark.parametrize("silent", [redis.ConnectionError("cut off"), redis.TimeoutError("frozen")])
def test_the_one_of_ours_that_is_left_is_followed_where_two_are_frozen_or_cut_off(
    finder: Finder, panel: Panel, clock: ManualClock, silent: Exception
) -> None:
    finder.primary()
    panel.told = {ONE: silent, TWO: (NEW, 2), THREE: silent}
    finder.doubt(OLD)
    assert finder.primary() == NEW


def test_of_two_that_answer_the_newer_is_followed_though_the_other_lags_for_long(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    finder.primary()
    panel.told = {ONE: redis.ConnectionError("cut off"), TWO: (NEW, 2), THREE: (OLD, 1)}
    found = []
    for _ in range(9):
        clock.advance(LOOK_SECONDS)
        found.append(finder.primary())
    assert found[2:] == [NEW] * 7

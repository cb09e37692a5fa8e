"""A sentinel of another site among those that the address names: nobody goes over to its primary."""

from __future__ import annotations

import pytest
import redis

from perseus.store.finder import LOOK_SECONDS, SHUN_SECONDS, Finder
from perseus.store.layout import Place
from tests.conftest import ManualClock
from tests.stores.test_finder import OLD, ONE, SENTINELS, THREE, TWO, Panel, finder, panel

__all__ = ["finder", "panel"]

FOREIGN = ("foreign", 6379)


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

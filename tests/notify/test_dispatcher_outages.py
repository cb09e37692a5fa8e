"""A whole dispatcher outlives outages of its store."""

from __future__ import annotations

import time

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable
from tests.commands.running import eventually
from tests.notify.world import Make, Told, destination, world
from tests.redis_process import RedisProcess

__all__ = ["world"]


@pytest.mark.parametrize("away_seconds", [1.0, 4.0])
def test_a_store_that_goes_away_for_longer_than_the_lease_costs_nothing(
    world: Make, own_server: RedisProcess, away_seconds: float
) -> None:
    here, told = world(own_server.url), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    here.write()
    own_server.freeze()
    with pytest.raises(StoreUnavailable):
        here.write()
    time.sleep(away_seconds)
    own_server.thaw()
    here.write()
    eventually(lambda: len(told.came) >= 2, 10)
    here.write()
    eventually(lambda: len(told.came) >= 3, 3)


def test_hints_are_heard_again_after_the_store_was_restarted(world: Make, own_server: RedisProcess) -> None:
    here, told = world(own_server.url), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    own_server.kill()
    own_server.start()
    eventually(lambda: here.client.pubsub_numsub(keys.NETWORK_CHANNEL)[0][1] == 1, 10)
    here.begun("a")
    eventually(lambda: here.client.exists(keys.destination("a", "lease")), 10)
    until_its_lane_rests_again = 0.2
    time.sleep(until_its_lane_rests_again)
    began = time.monotonic()
    here.write()
    eventually(lambda: len(told.came) == 1, 3)
    assert time.monotonic() - began < 0.5

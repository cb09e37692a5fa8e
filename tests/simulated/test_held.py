"""An exchange that stands still keeps what was sent to it, and takes all of it at once: no limit may break then."""

from __future__ import annotations

import asyncio

import pytest

from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.world import World
from tests.simulated.site import START_MS, Site
from tests.simulated.trial import EXCHANGES, TIMEFRAMES
from tests.simulated.virtual_loop import run

BASES = tuple(f"C{number}" for number in range(12))


@pytest.mark.parametrize("seconds", [30, 420])
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", EXCHANGES)
def test_an_exchange_that_stood_still_is_not_asked_too_much_on_its_return(
    name: str, processes: int, seconds: int
) -> None:
    """In the middle of a warmup, when most is asked for."""

    async def main() -> World:
        world = World(VirtualClock(asyncio.get_running_loop().time, START_MS), "held", (), BASES)
        world.add_fault(Fault("requests_held", name, after_ms=4_000, params={"for_ms": seconds * 1_000}))
        symbols = [market.symbol for market in world.exchanges[name].truth.markets.values() if not market.alias_of]
        sites = [Site(name, symbols, TIMEFRAMES[name], "one", world=world)]
        if processes == 2:
            sites.append(Site(name, symbols, TIMEFRAMES[name], "two", world=world, redis=sites[0].redis))
        await asyncio.gather(*(site.begin() for site in sites))
        await asyncio.sleep(seconds + 60)
        for site in sites:
            await site.pass_until_quiet()
            assert site.differences() == []
        await asyncio.gather(*(site.stop() for site in sites))
        assert world.exchanges[name].counters.faults["requests_held"] == 1
        return world

    assert run(main).broken() == {}

"""A connection whose streams fall silent all at once while its heartbeats or pings go on."""

from __future__ import annotations

import asyncio

import pytest

from perseus.simulator.faults.fault import Fault
from tests.simulated.site import Site
from tests.simulated.trial import EACH, TIMEFRAMES
from tests.simulated.virtual_loop import run

NOTICED_SECONDS = 30
REPLACED_SECONDS = 80
LONG_SECONDS = 1_200


def symbols(name: str) -> list[str]:
    return [f"{base}-USD" if name == "coinbase" else f"{base}USDT" for base in ("BTC", "ETH", "LTC", "NKN")]


def site_of(name: str, *faults: Fault) -> Site:
    """One of lively symbols and of some that speak every 20 s, or every few minutes."""
    return Site(name, symbols(name), TIMEFRAMES[name], faults=faults, bases=("BTC", "ETH", "LTC", "NKN"))


@pytest.mark.parametrize("name", EACH)
def test_lost_subscriptions_are_noticed_within_seconds_though_the_connection_lives(name: str) -> None:
    async def main() -> None:
        async with site_of(name) as site:
            await site.pass_time(300)
            site.world.add_fault(Fault("subscription_lost", name))
            began = asyncio.get_running_loop().time()
            await site.pass_time(1)
            before = site.engine.messages
            while site.engine.messages == before:
                await site.pass_time(1)
            assert asyncio.get_running_loop().time() - began <= NOTICED_SECONDS
            await site.pass_until_quiet()
            assert site.differences() == []
            assert site.world.broken() == {}
            assert site.exchange.counters.seen["ws_connects"] == 1

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_a_connection_that_brings_nothing_any_more_is_replaced_and_no_more_than_once_an_hour(name: str) -> None:
    dead = Fault("ack_dead", name, after_ms=300_000, until_ms=300_000 + 60_000)

    async def main() -> None:
        async with site_of(name, dead) as site:
            await site.pass_time(300)
            site.world.add_fault(Fault("subscription_lost", name))
            await site.pass_time(REPLACED_SECONDS)
            before = site.engine.messages
            await site.pass_time(10)
            assert site.engine.messages > before
            assert site.exchange.counters.seen["ws_connects"] == 2
            (said,) = [line for line in site.said if "A new connection is opened" in line]
            assert "silent, all at once" in said
            await site.pass_until_quiet()
            assert site.differences() == []

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_a_market_that_stands_still_as_a_whole_is_connected_to_again_only_once(name: str) -> None:
    halt = Fault("market_halt", name, after_ms=300_000, params={"for_ms": LONG_SECONDS * 1_000})

    async def main() -> None:
        async with site_of(name, halt) as site:
            await site.pass_time(300 + LONG_SECONDS)
            assert site.exchange.counters.seen["ws_connects"] <= 2
            assert site.world.broken() == {}

    run(main)


def test_a_quiet_market_is_silent_by_right() -> None:
    async def main() -> None:
        async with Site("coinbase", ["NKN-USD", "QUIET-USD"], ["5m"], bases=("NKN", "QUIET")) as site:
            await site.pass_time(3 * 3_600)
            assert site.exchange.counters.seen["ws_connects"] == 1

    run(main)

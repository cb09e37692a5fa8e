"""One engine, one scenario of faults, and troubles of its own: what is wrong once all of it is over."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from perseus.errors import PerseusError
from perseus.simulator.clock import VirtualClock
from perseus.simulator.drawn import drawn
from perseus.simulator.scenario import Scenario
from tests.simulated import hostile
from tests.simulated.site import START_MS, Site
from tests.simulated.virtual_loop import VirtualLoop, run

EXCHANGES = ("binance", "binance_us", "coinbase")
EACH = [pytest.param("binance", marks=pytest.mark.long), "binance_us", "coinbase"]
"""For tests: both Binances speak alike, under other limits, so that one of them is enough for every day."""
ONE = [pytest.param(name, marks=() if name == "binance_us" else pytest.mark.long) for name in EXCHANGES]
"""For tests of what the engine does in the same way whatever it hears, and takes long to show."""
TIMEFRAMES = {"binance": ("1m", "5m", "1h"), "binance_us": ("1m", "15m", "1d"), "coinbase": ("5m", "15m", "1h")}
LENGTH_SECONDS = 20 * 60
DEPTH = 150
AGAIN_SECONDS = 5.0
SKEW_NOTICED_SECONDS = 1_700.0
"""So long after the exchange has set its clock back that is noticed and made good: two spans of its samples."""
OWN_TROUBLES = ("stall", "store", "restart")
WORSE_TROUBLES = ("emptied", "hostile")
"""Drawn by dice of their own, so that seeds which once found something still draw the same beside them."""
HOSTILE_EVERY_SECONDS = 1.7


@dataclass(frozen=True)
class Trouble:
    """Of the process itself: `name` is one of OWN_TROUBLES or WORSE_TROUBLES, at `at` and for `seconds`."""

    name: str
    at: float
    seconds: float


@dataclass(frozen=True)
class Trial:
    """`length`: seconds, of which the last third is free of faults."""

    exchange: str
    scenario: Scenario
    troubles: tuple[Trouble, ...] = ()
    length: float = LENGTH_SECONDS

    @classmethod
    def drawn(cls, seed: int) -> Trial:
        """That of a seed: the same each time."""
        dice = random.Random(f"trial {seed}")
        exchange = EXCHANGES[seed % len(EXCHANGES)]
        scenario = drawn(seed, exchange, LENGTH_SECONDS * 1_000)
        possible = [name for name in OWN_TROUBLES if name != "restart" or not _delists_all(scenario)]
        names = dice.sample(possible, dice.choice((0, 0, 1, 2)))
        last = LENGTH_SECONDS * 2 / 3
        troubles = [Trouble(name, dice.uniform(0, last), dice.choice((2, 8, 30))) for name in names]
        worse = random.Random(f"worse {seed}")
        for name in worse.sample(WORSE_TROUBLES, worse.choice((0, 0, 1))):
            if name == "emptied" and "restart" in names and _skews(scenario):
                continue  # nobody is left who knows that the clock was another before
            troubles.append(Trouble(name, worse.uniform(0, last), worse.choice((2, 8, 30))))
        return cls(exchange, scenario, tuple(sorted(troubles, key=lambda one: one.at)))

    def run(self) -> list[str]:
        """What is wrong after it, a line each."""
        return run(self.judged)

    async def judged(self) -> list[str]:
        """The same, on the loop that runs."""
        site, found = await self.passed()
        await site.stop()
        return found

    async def passed(self) -> tuple[Site, list[str]]:
        """The site after it, still at work, and what is wrong with it."""
        site = self._site()
        await _begun(site)
        since_ms = site.clock.now_ms()
        works = [asyncio.create_task(self._befall(site, trouble)) for trouble in self.troubles]
        await asyncio.sleep(self.length)
        await asyncio.gather(*works)
        if _skews(self.scenario):
            await asyncio.sleep(SKEW_NOTICED_SECONDS)
        await site.pass_until_quiet()
        broken = [f"broken: {rule}, {count} times" for rule, count in site.world.broken().items()]
        told = [] if "restart" in {one.name for one in self.troubles} else site.untold(since_ms)
        gone = [f"{market.symbol} " for market in site.exchange.truth.markets.values() if market.is_gone]
        # Of a symbol that went while the clock was ahead nothing can be asked for again.
        unsure = tuple(gone) if _skews(self.scenario) else ()
        return site, broken + [line for line in site.differences() if not line.startswith(unsure)] + told

    def _site(self) -> Site:
        scenario = self.scenario
        start = START_MS if scenario.start_ms is None else scenario.start_ms
        world = scenario.world(VirtualClock(asyncio.get_running_loop().time, start))
        symbols = [
            market.symbol for market in world.exchanges[self.exchange].truth.markets.values() if not market.alias_of
        ]
        return Site(self.exchange, symbols, TIMEFRAMES[self.exchange], scenario.seed, world=world, depth=DEPTH)

    async def _befall(self, site: Site, trouble: Trouble) -> None:
        await asyncio.sleep(trouble.at)
        await BEFALL[trouble.name](site, trouble.seconds)


def _skews(scenario: Scenario) -> bool:
    return any(fault.name == "clock_skew" for fault in scenario.faults)


def _delists_all(scenario: Scenario) -> bool:
    """It may: then a process that begins waits for a person, who gives it other symbols."""
    return any(fault.name == "delist" and fault.target == "*" for fault in scenario.faults)


async def _begun(site: Site) -> None:
    """As a supervisor has it: again, until the exchange has answered."""
    while True:
        try:
            return await site.begin()
        except PerseusError:
            await asyncio.sleep(AGAIN_SECONDS)


async def _stall(_: Site, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.stall(seconds)


async def _store(site: Site, seconds: float) -> None:
    site.cache.is_away = True
    await asyncio.sleep(seconds)
    site.cache.is_away = False


async def _restart(site: Site, seconds: float) -> None:
    await site.stop()
    await asyncio.sleep(seconds)
    await _begun(site)


async def _emptied(site: Site, _: float) -> None:
    site.cache.lose()
    site.redis.flushall()


async def _hostile(site: Site, seconds: float) -> None:
    time = asyncio.get_running_loop().time
    end = time() + seconds
    while time() < end:
        for data in hostile.frames(site):
            site.net.say(data)
        await asyncio.sleep(HOSTILE_EVERY_SECONDS)


BEFALL: dict[str, Callable[[Site, float], Awaitable[None]]] = {
    "stall": _stall,
    "store": _store,
    "restart": _restart,
    "emptied": _emptied,
    "hostile": _hostile,
}

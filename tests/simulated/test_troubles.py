"""Troubles that are no fault of the exchange: of the process, of the store, of many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from perseus.clock import iso
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.world import World
from tests.simulated.site import START_MS, Site
from tests.simulated.trial import EACH, ONE, TIMEFRAMES
from tests.simulated.virtual_loop import VirtualLoop, run

FEW = 400
"""Candles of a pair, where how many there are is not the matter: more than a page of Coinbase, and half the work."""
BASES = ("BTC", "LTC", "NKN")
SYMBOLS = {
    "binance": ("BTCUSDT", "LTCUSDT", "NKNUSDT"),
    "binance_us": ("BTCUSDT", "LTCUSDT", "NKNUSDT"),
    "coinbase": ("BTC-USD", "LTC-USD", "NKN-USD"),
}
everywhere = pytest.mark.parametrize("name", EACH)
at_one = pytest.mark.parametrize("name", ONE)


def site_of(name: str, faults: tuple[Fault, ...] = ()) -> Site:
    return Site(name, SYMBOLS[name], TIMEFRAMES[name], faults=faults, bases=BASES, depth=FEW)


def passed(name: str, befall: Callable[[Site], Awaitable[None]], faults: tuple[Fault, ...] = ()) -> Site:
    """The site after 2 min, what befell it, 6 min more, and the judgement that nothing is wrong."""

    async def main() -> Site:
        async with site_of(name, faults) as site:
            since_ms = site.clock.now_ms()
            await site.pass_time(120)
            await befall(site)
            await site.pass_time(360)
            await site.pass_until_quiet()
            assert site.differences() == []
            assert site.untold(since_ms) == []
            return site

    site = run(main)
    assert site.world.broken() == {}
    return site


async def nothing(_: Site) -> None:
    """Befalls on most days."""


@at_one
@pytest.mark.parametrize("seconds", [3, 20, 55])
def test_a_stalled_loop_loses_nothing(name: str, seconds: float) -> None:
    async def stall(_: Site) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.stall(seconds)

    passed(name, stall)


@everywhere
def test_half_a_minute_without_the_cache_loses_nothing_and_holds_up_nothing(name: str) -> None:
    async def away(site: Site) -> None:
        connects, site.cache.is_away = site.exchange.counters.seen["ws_connects"], True
        await site.pass_time(30)
        assert site.engine.writer.waiting < 4 * len(site.pairs())
        site.cache.is_away = False
        assert site.exchange.counters.seen["ws_connects"] == connects

    passed(name, away)


@everywhere
def test_a_slow_cache_costs_freshness_alone(name: str) -> None:
    async def slow(site: Site) -> None:
        store = site.cache.store

        async def slowly(*told: object) -> object:
            await asyncio.sleep(4)
            return await store(*told)  # type: ignore[arg-type]

        site.cache.store = slowly  # type: ignore[method-assign,assignment]
        await site.pass_time(120)
        assert site.engine.writer.waiting < 4 * len(site.pairs())
        site.cache.store = store  # type: ignore[method-assign]

    passed(name, slow)


@at_one
@pytest.mark.parametrize("ms", [-5_000, 2_000, 300_000])
def test_an_exchange_whose_clock_goes_wrong_from_the_first_word_on_has_all_its_candles_in_the_end(
    name: str, ms: int
) -> None:
    async def main() -> Site:
        skew = Fault("clock_skew", name, until_ms=300_000, params={"ms": ms})
        async with site_of(name, (skew,)) as site:
            await site.pass_time(2_400)
            await site.pass_until_quiet()
            assert site.differences() == []
            return site

    assert run(main).world.broken() == {}


@at_one
def test_an_exchange_whose_clock_leaps_and_comes_back_is_followed_within_half_a_minute(name: str) -> None:
    leaps = (60_000, 150_000, 7_000), (200_000, 290_000, -7_000)
    faults = tuple(Fault("clock_skew", name, after_ms=at, until_ms=to, params={"ms": ms}) for at, to, ms in leaps)

    async def main() -> Site:
        async with site_of(name, faults) as site:
            for seconds in range(5, 420, 5):
                await site.pass_time(5)
                wrong = next((ms for at, to, ms in leaps if at < seconds * 1000 < to), 0)
                if all(not change <= seconds * 1000 < change + 35_000 for at, to, _ in leaps for change in (at, to)):
                    assert abs(site.clock.now_ms() - site.world.clock.now_ms() - wrong) < 100, seconds
                assert site.differences() == []
            return site

    assert run(main).world.broken() == {}


@at_one
def test_a_host_whose_date_is_wrong_is_none_the_worse(name: str) -> None:
    """Nothing asks it: the loop's own time begins at any number, and the exchange's is what counts."""
    assert passed(name, nothing).said == []


@everywhere
def test_all_connections_ending_in_one_second_lose_nothing(name: str) -> None:
    passed(name, nothing, (Fault("expire_all", name, count=2, after_ms=200_000, params={"every_ms": 900}),))


@everywhere
def test_four_processes_that_an_exchange_loses_at_once_keep_within_its_limits_of_one_address(name: str) -> None:
    async def main() -> World:
        sites = [site_of(name)]
        for number in range(3):
            world, redis = sites[0].world, sites[0].redis
            sites.append(Site(name, SYMBOLS[name], ("5m",), f"other {number}", world=world, redis=redis, depth=FEW))
        sites[0].exchange.add_fault(Fault("expire_all", name, count=2, after_ms=30_000, params={"every_ms": 60_000}))
        await asyncio.gather(*(site.start() for site in sites))
        await asyncio.sleep(180)
        for site in sites:
            await site.pass_until_quiet()
            assert site.differences() == []
        await asyncio.gather(*(site.stop() for site in sites))
        return sites[0].world

    assert run(main).broken() == {}


@everywhere
def test_two_processes_keep_within_one_budget(name: str) -> None:
    async def main() -> World:
        first = site_of(name)
        second = Site(name, SYMBOLS[name], TIMEFRAMES[name], "other", world=first.world, redis=first.redis, depth=FEW)
        first.exchange.add_fault(Fault("reset", name, count=3, after_ms=60_000, params={"every_ms": 90_000}))
        await asyncio.gather(first.start(), second.start())
        await asyncio.sleep(420)
        for site in (first, second):
            await site.pass_until_quiet()
            assert site.differences() == []
        await asyncio.gather(first.stop(), second.stop())
        return first.world

    assert run(main).broken() == {}


@at_one
def test_a_limit_that_two_processes_would_break_at_once_is_kept(name: str) -> None:
    """Each wants 48 pairs whole, at an exchange that allows a weight of 120 a minute, or 3 requests a second."""
    bases = tuple(f"C{number}" for number in range(24))

    async def main() -> World:
        world = World(VirtualClock(asyncio.get_running_loop().time, START_MS), "tight", (), bases)
        exchange = world.exchanges[name]
        exchange.lower(3 / 10 if name == "coinbase" else 120 / exchange.rules.weight)
        exchange.timers.advance(START_MS)
        exchange.held = exchange.rules.weight
        symbols = [market.symbol for market in exchange.truth.markets.values() if not market.alias_of]
        first = Site(name, symbols, TIMEFRAMES[name][:2], world=world)
        second = Site(name, symbols, TIMEFRAMES[name][:2], "other", world=world, redis=first.redis)
        await asyncio.gather(first.begin(), second.begin())
        await asyncio.sleep(600)
        for site in (first, second):
            await site.pass_until_quiet()
            assert site.differences() == []
        await asyncio.gather(first.stop(), second.stop())
        return world

    assert run(main).broken() == {}


@everywhere
def test_a_restart_asks_for_nothing_that_the_cache_has(name: str) -> None:
    async def main() -> None:
        async with site_of(name) as site:
            await site.pass_time(400)
            await site.pass_until_quiet()
            into_s = site.world.clock.now_ms() % 60_000 / 1000
            await site.pass_time(60 - into_s + 15)
            calls = site.calls()
            await site.stop()
            await site.pass_time(5)
            await site.start()
            await site.pass_time(15)
            assert site.calls() == calls
            await site.pass_time(300)
            await site.pass_until_quiet()
            assert site.differences() == []

    run(main)


@everywhere
def test_a_restart_asks_once_for_what_was_missed(name: str) -> None:
    async def main() -> Site:
        async with site_of(name) as site:
            await site.pass_time(120)
            await site.stop()
            await site.pass_time(7_200)
            calls = site.calls()
            await site.start()
            assert site.calls() - calls <= len(site.pairs())
            await site.pass_until_quiet()
            assert site.differences() == []
            return site

    assert run(main).world.broken() == {}


@everywhere
def test_markets_without_trades_are_whole_by_their_holes(name: str) -> None:
    async def main() -> Site:
        symbol = "QUIET-USD" if name == "coinbase" else "QUIETUSDT"
        async with Site(name, [symbol], TIMEFRAMES[name], bases=("QUIET",)) as site:
            await site.pass_time(7_200)
            await site.pass_until_quiet()
            assert site.differences() == []
            assert all(site.cache.coverage[pair].holes for pair in site.pairs()[-1:])
            return site

    assert run(main).world.broken() == {}


@everywhere
def test_a_symbol_that_is_gone_is_asked_for_once_and_named(name: str) -> None:
    gone = SYMBOLS[name][1]

    async def main() -> Site:
        async with site_of(name, (Fault("delist", name, gone, after_ms=60_000),)) as site:
            await site.pass_time(1_800)
            await site.pass_until_quiet()
            assert site.differences() == []
            return site

    site = run(main)
    assert site.exchange.counters.seen["not_found"] <= len(TIMEFRAMES[name])
    assert sum(f"{gone}:" in line and "It may be delisted." in line for line in site.said) == 1
    (left,) = [line for line in site.said if "never finished its last candles" in line]
    assert left.startswith(f"{gone}: ")
    for pair, candles in site.cache.candles.items():
        newest = candles[max(candles)]
        if pair.symbol == gone and not newest.is_closed:
            assert f"{pair.timeframe} of {iso(newest.open_ms)}" in left
    assert site.world.broken() == {}


@at_one
def test_many_symbols_are_whole_within_the_limits(name: str) -> None:
    bases = ("BTC", *(f"C{number}" for number in range(39)))

    async def main() -> Site:
        faults = (Fault("expire_all", name, after_ms=200_000),)
        async with Site(name, (), TIMEFRAMES[name][:2], faults=faults, bases=bases) as site:
            await site.pass_time(240)
            await site.pass_until_quiet()
            assert site.differences() == []
            return site

    site = run(main)
    assert len(site.pairs()) >= 2 * len(bases)
    assert site.world.broken() == {}

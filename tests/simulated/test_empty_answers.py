"""A REST side that gives answers with nothing in them for a while: whatever is believed of them heals by itself."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import replace

import pytest

from perseus.ingest.engine.absence import BEFORE, FEW, NOTHING, doubtful
from perseus.ingest.engine.reasking import HOUR_SECONDS, SPREAD
from perseus.market.candle import Pair
from perseus.market.coverage import Range
from perseus.simulator.faults.fault import Fault
from perseus.simulator.market.buckets import MINUTE
from perseus.warmup.scan import SUFFICIENT
from tests.simulated.site import START_MS, Site
from tests.simulated.test_rest_told import about, emptied
from tests.simulated.trial import EACH, TIMEFRAMES
from tests.simulated.virtual_loop import run

BASES = ("LTC", "NKN", "SHIB")
DEPTH = 150
MOST_OF_A_CANDLE = 2
"""Requests for one that nobody traded in."""
QUARTER = 900.0
WITHIN_SECONDS = QUARTER * (1 + SPREAD) + 120
PROVEN_SECONDS = WITHIN_SECONDS + HOUR_SECONDS * (1 + SPREAD)
BEFORE_THE_HOUR = 3_600.0 - 20.0
everywhere = pytest.mark.parametrize("name", EACH)


def site_of(name: str, bases: tuple[str, ...] = BASES) -> Site:
    quote = "-USD" if name == "coinbase" else "USDT"
    symbols = tuple(f"{base}{quote}" for base in bases)
    return Site(name, symbols, TIMEFRAMES[name], bases=bases, depth=DEPTH)


def heal(site: Site) -> None:
    """REST gives all that there is again."""
    site.net.spoil = lambda _, body: body


def held(site: Site) -> int:
    """Pairs with candles that are to be there and are held to be absent by empty answers alone, as is not usual."""
    first = {pair: one.window(site.clock.now_ms())[0] for pair, one in site.engine._series.items()}
    every = site.cache.coverage.items()
    return sum(any(hole.why == NOTHING and hole.end_ms > first[pair] for hole in one.holes) for pair, one in every)


def unproven(site: Site) -> int:
    """Pairs with candles that are held to be absent without a proof, and ended two waits ago."""
    until_ms = site.clock.now_ms() - round(PROVEN_SECONDS * 1_000)
    first = {pair: one.window(site.clock.now_ms())[0] for pair, one in site.engine._series.items()}
    return sum(bool(doubtful(one, first[pair], until_ms)) for pair, one in site.cache.coverage.items())


def most_held(site: Site, *whys: str) -> int:
    """So many candles of one pair are, by this evidence."""
    every = [(pair.timeframe, one.holes) for pair, one in site.cache.coverage.items()]
    return max(sum(frame.count(*hole[:2]) for hole in holes if hole.why in whys) for frame, holes in every)


def lacking(pair: Pair, now_ms: int) -> Range:
    """Ten candles that were given in truth."""
    shift, open_ms = pair.timeframe.shift, pair.timeframe.open_of(now_ms)
    return shift(open_ms, -80), shift(open_ms, -70)


def begins_with_none(site: Site, symbol: str) -> bool:
    """Was there no trade in the first minutes of the newest 60, and one in the last?"""
    now_ms = site.world.clock.now_ms()
    end_ms = now_ms - now_ms % MINUTE
    first_ms = end_ms - SUFFICIENT * MINUTE
    known = [one.bar.open_ms for one in site.exchange.truth.known(symbol, "1m", first_ms, end_ms - 1)]
    return bool(known) and max(known) == end_ms - MINUTE and min(known) > first_ms + FEW * MINUTE


async def warm_calls(site: Site) -> int:
    """Requests for history of a next process within ten seconds of its start, in which no candle ends."""
    await site.pass_time(100 - site.world.clock.now_ms() % 300_000 / 1_000 + 300)
    await site.stop()
    calls = site.calls()
    await site.start()
    await site.pass_time(10)
    return site.calls() - calls


@everywhere
@pytest.mark.parametrize("seconds", [65.0, QUARTER])
def test_a_start_into_empty_answers_ends_with_all_soon_after_them(name: str, seconds: float) -> None:
    async def main() -> None:
        site = site_of(name)
        emptied(site)
        async with site:
            await site.pass_time(seconds)
            assert (held(site) > 0) == (seconds == QUARTER)
            heal(site)
            await site.pass_time(WITHIN_SECONDS if held(site) else QUARTER)
            await site.pass_until_quiet()
            assert unproven(site) == 0
            assert site.differences() == []
            assert site.engine.lacking() == []

    run(main)


@everywhere
def test_a_minute_of_empty_answers_while_the_depth_is_filled_loses_nothing_of_it(name: str) -> None:
    async def main() -> None:
        async with site_of(name) as site:
            emptied(site)
            site.engine.warming.deepen()
            await site.pass_time(70)
            assert most_held(site, NOTHING) <= FEW
            heal(site)
            await site.pass_time(QUARTER)
            assert about(site, "held to be absent") == []
            await site.pass_time(WITHIN_SECONDS)
            await site.pass_until_quiet()
            assert site.differences() == []

    run(main)


@pytest.mark.parametrize(("name", "seed"), [("binance", "quiet 2"), ("coinbase", "quiet 0")])
def test_a_quiet_pair_whose_depth_was_answered_with_nothing_is_whole_by_itself(
    name: str, seed: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        symbol = "NKN-USD" if name == "coinbase" else "NKNUSDT"
        site = Site(name, [symbol], ["1m"], seed, bases=("NKN",))
        await site.pass_time(20)
        assert begins_with_none(site, symbol)
        async with site:
            emptied(site)
            site.engine.warming.deepen()
            await site.pass_time(60)
            heal(site)
            assert most_held(site, BEFORE) > SUFFICIENT
            assert site.differences() != []
            calls = site.calls()
            await site.pass_time(WITHIN_SECONDS)
            assert site.differences() == []
            assert unproven(site) == 0
            assert site.calls() - calls <= MOST_OF_A_CANDLE * (WITHIN_SECONDS / 60 + 1) + 1

    run(main)
    assert [line for line in caplog.messages if " that were held to be absent: " in line]
    assert [line for line in caplog.messages if line.endswith(" again.")] == []


@everywhere
@pytest.mark.parametrize("seconds", [60.0, QUARTER])
def test_empty_answers_at_the_end_of_an_hour_with_lost_connections_lose_nothing_for_good(
    name: str, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with site_of(name) as site:
            await site.pass_until_quiet()
            await site.pass_time(BEFORE_THE_HOUR - (site.world.clock.now_ms() - START_MS) / 1000)
            emptied(site)
            site.world.add_fault(Fault("reset", name))
            site.world.add_fault(Fault("handshakes_held", name, params={"for_ms": 30_000}))
            await site.pass_time(seconds)
            assert (held(site) > 0) == (seconds == QUARTER)
            heal(site)
            await site.pass_time(WITHIN_SECONDS)
            await site.pass_until_quiet()
            assert site.differences() == []
            await site.pass_time(PROVEN_SECONDS)
            assert unproven(site) == 0

    run(main)
    came = [line for line in caplog.messages if " that were held to be absent: " in line]
    assert bool(came) == (seconds == QUARTER)


@everywhere
@pytest.mark.parametrize("seconds", [14.0, 60.0])
def test_empty_answers_for_a_moment_as_candles_end_lack_none_two_minutes_later(name: str, seconds: float) -> None:
    async def main() -> None:
        async with site_of(name) as site:
            await site.pass_until_quiet()
            await site.pass_time(BEFORE_THE_HOUR + 15 - (site.world.clock.now_ms() - START_MS) / 1000)
            emptied(site)
            await site.pass_time(seconds)
            heal(site)
            await site.pass_time(120)
            assert site.differences(settled_seconds=110) == []
            assert held(site) == 0

    run(main)


@everywhere
def test_a_warm_restart_asks_for_nothing_and_a_quarter_of_an_hour_later_for_what_is_held_absent(name: str) -> None:
    async def main() -> None:
        async with site_of(name, BASES[:2]) as site:
            await site.pass_until_quiet()
            site.cache.coverage = {
                pair: one.absent(*lacking(pair, site.clock.now_ms()), NOTHING)
                for pair, one in site.cache.coverage.items()
            }
            doubted = held(site)
            assert doubted == len(site.pairs())
            assert await warm_calls(site) == 0
            await site.pass_time(QUARTER - 60)
            assert held(site) > 0
            await site.pass_time(WITHIN_SECONDS - QUARTER)
            assert unproven(site) == 0
            assert site.differences() == []
            assert await warm_calls(site) == 0

    run(main)


def test_what_stays_empty_is_asked_for_once_at_a_time_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    async def main() -> None:
        site, time = site_of("binance_us", BASES[:1]), asyncio.get_running_loop().time
        get = site.net.get

        async def noted(url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> object:
            if url.endswith("/klines") and params["interval"] == "1d":
                asked.append(time())
            return await get(url, params, headers, timeout)

        monkeypatch.setattr(site.net, "get", noted)
        emptied(site)
        async with site:
            await site.pass_time(9 * HOUR_SECONDS)
            assert len(about(site, "held to be absent")) <= 3

    run(main)
    later = [at for at in asked if at > asked[0] + QUARTER]
    assert len(later) == 3
    assert all(after - before > HOUR_SECONDS for before, after in itertools.pairwise(later))


@everywhere
def test_a_symbol_of_a_hundred_candles_is_whole_after_a_minute_and_warm_from_then_on(name: str) -> None:
    async def main() -> None:
        site = site_of(name, BASES[:2])
        symbol = "NEW-USD" if name == "coinbase" else "NEWUSDT"
        rows = 500 if name == "coinbase" else 100
        site.exchange.add_fault(Fault("list_new", name, count=1, params={"symbol": symbol, "rows": rows}))
        await site.pass_time(1)
        site.wanted = replace(site.wanted, symbols=(symbol,))
        async with site:
            await site.pass_time(90)
            assert site.engine.lacking() == []
            assert held(site) == 0
            assert await warm_calls(site) == 0
            assert len(site.cache.candles[site.pairs()[-1]]) >= 100
            await site.pass_time(WITHIN_SECONDS)
            await site.pass_time(WITHIN_SECONDS)
            assert unproven(site) == 0

"""The ingest engine on simulated exchanges: after whatever happens the cache is what the exchange has."""

from __future__ import annotations

import asyncio

from perseus.simulator.faults.fault import Fault
from tests.simulated.site import SETTLED_SECONDS, Site
from tests.simulated.virtual_loop import run

BINANCE = ("binance", ("BTCUSDT", "ETHUSDT"), ("1m", "5m", "1h"))


def test_a_quiet_hour_leaves_every_candle_exact() -> None:
    async def main() -> Site:
        async with Site(*BINANCE) as site:
            await site.pass_time(3_600)
            assert site.differences() == []
            return site

    site = run(main)
    assert site.world.broken() == {}
    assert site.engine.messages > 1_000
    assert site.said == []


def test_a_candle_that_rest_alone_ends_is_told_as_well() -> None:
    async def main() -> list[str]:
        missing = Fault("close_missing", "binance", target="btcusdt@kline_1m", count=3)
        async with Site("binance", ["BTCUSDT"], ["1m"], faults=[missing]) as site:
            since_ms = site.clock.now_ms()
            await site.pass_time(300)
            return site.untold(since_ms)

    assert run(main) == []


def test_a_site_is_not_judged_while_a_doubt_of_the_last_second_lasts() -> None:
    async def main() -> None:
        async with Site(*BINANCE) as site:
            since_ms = site.clock.now_ms() - 600_000
            at = asyncio.get_running_loop().time() + 2 * SETTLED_SECONDS + 0.6
            asyncio.get_running_loop().call_at(at, lambda: site.engine.on_doubt(site.pairs(), since_ms, "a test"))
            await site.pass_until_quiet()
            assert asyncio.get_running_loop().time() > at
            assert site.engine.lacking() == []
            assert site.differences() == []

    run(main)

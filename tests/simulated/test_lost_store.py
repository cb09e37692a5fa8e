"""A store that loses what it was given: it is noticed, said once, and all of it is there again soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import fakeredis
import pytest

from perseus.exchanges.wire.transport import Answer
from perseus.ingest import firstwords
from perseus.ingest.engine.engine import Engine
from perseus.market.candle import Candle
from tests.simulated.site import Site
from tests.simulated.test_troubles import everywhere, site_of
from tests.simulated.virtual_loop import run

HOUR = 3_600


def healed(name: str, lose: Callable[[Site], None], seconds: float = 120) -> Site:
    """The site that has lost something after ten minutes, and is as it should be after so many seconds."""

    async def main() -> Site:
        async with site_of(name) as site:
            since_ms = site.clock.now_ms()
            await site.pass_time(600)
            await site.pass_until_quiet()
            lose(site)
            assert site.differences() != []
            await site.pass_time(seconds)
            await site.pass_until_quiet()
            assert site.differences() == []
            assert site.untold(since_ms) == []
            assert sum("has lost candles of" in line for line in site.said) == 1
            return site

    site = run(main)
    assert site.world.broken() == {}
    return site


@everywhere
def test_an_emptied_store_is_filled_again(name: str) -> None:
    def empty(site: Site) -> None:
        site.cache.lose()
        site.redis.flushall()

    site = healed(name, empty)
    assert site.engine.lacking() == []
    assert any("9 pairs" in line for line in site.said)


@everywhere
def test_candles_that_were_evicted_are_fetched_when_their_pair_is_written_next(name: str) -> None:
    def evict(site: Site) -> None:
        site.cache.lose(lambda candle: candle.open_ms % 7 == 0 and candle.is_closed, with_coverage=False)

    healed(name, evict)


@everywhere
def test_what_no_write_finds_is_found_within_ten_minutes(name: str) -> None:
    def evict(site: Site) -> None:
        site.cache.lose(_is_old, with_coverage=False)
        site.cache.lost.clear()

    healed(name, evict, seconds=660)


@everywhere
def test_a_start_that_is_limited_while_the_data_store_is_away_waits_for_both_and_asks_no_sooner(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange says 429 for 90 s, the store goes with that answer and comes back after 30 s."""
    server, asked = fakeredis.FakeServer(), list[float]()
    ready = Engine.ready

    def limited(*_: object) -> Answer | None:
        asked.append(asyncio.get_running_loop().time())
        if len(asked) > 1:
            return None
        server.connected = False
        asyncio.get_running_loop().call_later(30, setattr, server, "connected", True)
        return Answer(429, {"retry-after": "90"}, b'{"code":-1003,"msg":"too many"}')

    async def main() -> None:
        site = site_of(name)
        site.redis = fakeredis.FakeRedis(server=server, decode_responses=True)
        site.net.instead = limited
        monkeypatch.setattr(Engine, "ready", lambda engine: firstwords.heard(lambda: ready(engine), site.said.append))
        async with site:
            assert asked[1] - asked[0] >= 90
            assert len([line for line in site.said if "The start waits for it" in line]) == 2
            await site.pass_until_quiet()
            assert site.differences() == []

    run(main)


def _is_old(candle: Candle) -> bool:
    return candle.is_closed and candle.open_ms % 3 == 0


@pytest.mark.parametrize("name", ["coinbase"])
def test_an_emptied_budget_is_noticed_although_nothing_is_asked(name: str) -> None:
    async def main() -> None:
        async with site_of(name) as site:
            await site.pass_time(30)
            ledger = site.engine._ports.ledger
            site.redis.flushall()
            await ledger.state()
            assert ledger.emptied == 1
            await ledger.state()
            assert ledger.emptied == 1

    run(main)

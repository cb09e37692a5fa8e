"""The ingest engine on simulated exchanges: after whatever happens the cache is what the exchange has."""

from __future__ import annotations

from tests.simulated.site import Site
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

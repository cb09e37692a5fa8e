"""What is missing after a connection was cut a hundred times, on virtual time, from a simulated exchange."""

from __future__ import annotations

from bench.figures import Figure
from perseus.simulator.faults.fault import Fault
from tests.simulated.site import Site
from tests.simulated.virtual_loop import run

TIMES = 100
EVERY_SECONDS = 30
QUIET_SECONDS = 180


def measure() -> Figure:
    """Candles that are missing, wrong or made up; it fails when a rule of the exchange was broken."""
    return run(_cut_often)


async def _cut_often() -> Figure:
    params = {"every_ms": EVERY_SECONDS * 1000}
    cut = Fault("reset", exchange="binance", after_ms=60_000, count=TIMES, params=params)
    async with Site("binance", ("BTCUSDT", "ETHUSDT", "SOLUSDT"), ("1m", "5m", "1h"), faults=[cut]) as site:
        await site.pass_time(TIMES * EVERY_SECONDS + QUIET_SECONDS)
        seen = site.exchange.as_json()
        assert seen["faults"] == {"reset": TIMES}, f"not cut a hundred times but {seen['faults']}"
        assert site.world.broken() == {}, f"rules were broken: {site.world.broken()}"
        kept = sum(map(len, site.cache.candles.values()))
        note = f"{kept:,} candles of {len(site.engine.pairs)} pairs, {site.engine.repairs.calls} calls to repair them"
        return Figure(f"candles missing after {TIMES} reconnects", len(site.differences()), 0, "", note=note)

"""Limits that an exchange lowers twice, one soon after the other: it is never asked too much."""

from __future__ import annotations

import pytest

from perseus.simulator.faults.fault import Fault
from tests.simulated.site import Site
from tests.simulated.virtual_loop import run

BASES = ("BTC", *(f"C{number}" for number in range(12)))


@pytest.mark.parametrize("every_ms", [8_000, 50_000])
@pytest.mark.parametrize("after_ms", [5_000, 40_000])
def test_a_limit_that_is_lowered_twice_is_kept(every_ms: int, after_ms: int) -> None:
    lowered = Fault(
        "limits_lowered", "coinbase", count=2, after_ms=after_ms, params={"share": 0.6, "every_ms": every_ms}
    )

    async def main() -> Site:
        site = Site("coinbase", (), ("1m", "5m", "15m", "1h"), faults=(lowered,), bases=BASES)
        await site.begin()
        await site.pass_time(400)
        await site.stop()
        return site

    site = run(main)
    assert site.exchange.counters.faults["limits_lowered"] == 2
    assert site.exchange.rules.weight == 3
    assert site.world.broken() == {}

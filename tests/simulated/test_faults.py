"""Every fault that the simulator knows, at every exchange that has it: nothing is missing or wrong, no rule broken."""

from __future__ import annotations

import pytest

from perseus.simulator.drawn import possible
from perseus.simulator.faults.catalogue import CATALOGUE
from perseus.simulator.faults.fault import Fault
from perseus.simulator.scenario import Scenario
from tests.simulated.site import Site
from tests.simulated.trial import EXCHANGES, Trial
from tests.simulated.virtual_loop import run

MINUTE = 60_000
OVER_MS = 6 * MINUTE
LENGTH_SECONDS = 8 * 60
LASTING = (
    "clock_skew",
    "long_prices",
    "exponent_volume",
    "unknown_fields",
    "zero_volume_row",
    "rest_lag",
    "channel_renamed",
)
TIMES = {"http_418": 2, "handshake": 3, "silent_accept": 2, "limits_lowered": 1, "delist": 1, "list_new": 1}
"""How often, where four times would last for ever or make no sense."""
UNSEEN = ("clock_skew", "rest_lag")
"""Is not counted; is over before it is asked, by the rule of when a candle is final."""
AIMS = {"delist": {"binance": "NKNUSDT", "binance_us": "NKNUSDT", "coinbase": "NKN-USD"}}
CASES = [
    pytest.param(exchange, name, marks=pytest.mark.long if exchange == "binance" else ())
    for exchange in EXCHANGES
    for name in possible(exchange)
]


def occasions(exchange: str, name: str) -> list[Fault]:
    """What makes a client ask over REST and connect anew, so that other faults have something to strike."""
    every = {"every_ms": MINUTE + 37_000}
    both = [
        Fault("reset", exchange, count=3, after_ms=2 * MINUTE, until_ms=OVER_MS, params=every),
        Fault("close_missing", exchange, count=4, after_ms=MINUTE, until_ms=OVER_MS),
    ]
    return [one for one in both if one.name != name and (one.name, name) != ("reset", "ping_strict")]


def of(exchange: str, name: str) -> Fault:
    """That fault, from the second minute on, but where only the first answers give it an occasion."""
    kind = CATALOGUE[name]
    count = None if name in LASTING else TIMES.get(name, 4)
    params = {"every_ms": 70_000} if kind.is_act else {}
    after = 0 if name == "zero_volume_row" else MINUTE
    return Fault(name, exchange, AIMS.get(name, {}).get(exchange, "*"), 1.0, count, after, OVER_MS, params)


@pytest.mark.parametrize(("exchange", "name"), CASES)
def test_after_a_fault_the_cache_is_what_the_exchange_has(exchange: str, name: str) -> None:
    faults = [of(exchange, name), *occasions(exchange, name)]
    scenario = Scenario(f"fault {name}", symbols=("BTC", "LTC", "NKN"), faults=faults)

    async def main() -> Site:
        site, wrong = await Trial(exchange, scenario, length=LENGTH_SECONDS).passed()
        assert wrong == []
        await site.stop()
        return site

    site = run(main)
    if name not in UNSEEN:
        assert site.exchange.counters.faults[name] > 0, "it never struck"

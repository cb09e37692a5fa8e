"""Symbols of which nothing comes: no trouble where nobody trades, one where REST has trades."""

from __future__ import annotations

import pytest

from perseus.simulator.faults.fault import Fault
from tests.simulated.site import Site
from tests.simulated.trial import EACH, TIMEFRAMES
from tests.simulated.virtual_loop import run

MINUTES = 100


def named(name: str, base: str) -> str:
    return f"{base}-USD" if name == "coinbase" else f"{base}USDT"


@pytest.mark.parametrize("name", EACH)
def test_a_symbol_in_which_nobody_trades_is_no_trouble_and_named_once_in_the_log(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    symbols = [named(name, "BTC"), named(name, "QUIET")]
    halt = Fault("market_halt", name, symbols[1], params={"for_ms": MINUTES * 60_000, "status": "TRADING"})
    anew = Fault("reset", name, after_ms=70 * 60_000)

    async def main() -> list[str]:
        async with Site(name, symbols, TIMEFRAMES[name], faults=[halt, anew], bases=("BTC", "QUIET")) as site:
            await site.pass_time(MINUTES * 60)
            assert site.world.broken() == {}
            return site.said

    assert [line for line in run(main) if symbols[1] in line] == []
    told = [line for line in caplog.messages if "nobody trades there" in line]
    quiet = f"{name}: Nothing has come of {symbols[1]}: nobody trades there, says REST."
    assert told == ([] if name == "coinbase" else [quiet]), "Coinbase says a snapshot at first"


@pytest.mark.parametrize("name", EACH)
def test_a_symbol_of_which_nothing_comes_though_it_is_traded_is_named_and_connected_anew(name: str) -> None:
    symbols = [named(name, "BTC"), named(name, "ETH")]
    stream = f"*:{symbols[1]}" if name == "coinbase" else f"{symbols[1].lower()}@*"
    dead = Fault("ack_dead", name, stream, until_ms=1_000_000)

    async def main() -> None:
        async with Site(name, symbols, TIMEFRAMES[name], faults=[dead], bases=("BTC", "ETH")) as site:
            await site.pass_time(1_700)
            (said, *_) = [line for line in site.said if "though REST has trades there" in line]
            assert f"Nothing has come of {symbols[1]}" in said
            assert site.exchange.counters.seen["ws_connects"] == 2
            await site.pass_until_quiet()
            assert site.differences() == []
            assert site.world.broken() == {}

    run(main)

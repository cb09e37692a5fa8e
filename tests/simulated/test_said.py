"""What an engine says of trouble: once for each, with right numbers, and nothing of its end, which is no error."""

from __future__ import annotations

import re

import pytest

from perseus.simulator.faults.fault import Fault
from tests.simulated.test_troubles import everywhere, site_of
from tests.simulated.virtual_loop import run


@everywhere
def test_a_freeze_is_said_once_however_many_requests_were_under_way(name: str) -> None:
    path = "*candles*" if name == "coinbase" else "*klines*"
    refused = Fault("http_429", name, path, count=6, params={"retry_after_s": 20})

    async def main() -> list[str]:
        async with site_of(name, (refused,)) as site:
            await site.pass_time(300)
            return site.said

    said = [line for line in run(main) if "HTTP 429" in line]
    assert 1 <= len(said) <= 6
    told = rf"{name} takes no more requests from this address for (\d+) s: "
    seconds = [int(match[1]) for line in said if (match := re.match(told, line))]
    assert len(seconds) == len(said), "it is of no symbol"
    assert min(seconds) >= 19


@pytest.mark.parametrize("name", ["binance"])
def test_the_end_of_a_trouble_is_in_the_log_alone(name: str, caplog: pytest.LogCaptureFixture) -> None:
    halt = Fault("market_halt", name, "BTCUSDT", after_ms=60_000, params={"for_ms": 700_000})
    outage = Fault("outage", name, after_ms=1_800_000, params={"for_ms": 20_000})

    async def main() -> list[str]:
        async with site_of(name, (halt, outage)) as site:
            await site.pass_time(2_400)
            return site.said

    said = run(main)
    assert [line for line in said if "halted" in line] != []
    assert [line for line in said if "resumed" in line or "again after" in line] == []
    assert "BTCUSDT resumed" in caplog.text
    assert "Connected again after" in caplog.text

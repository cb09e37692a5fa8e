"""What the log says of doubts: which streams of which connection, together, and nothing of markets that are quiet."""

from __future__ import annotations

import asyncio

import pytest

from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.streams.doubts import Doubts
from perseus.exchanges.streams.watchdog import SILENT
from tests.simulated.virtual_loop import run
from tests.streams.staged import Told, pair


def test_what_may_lack_something_is_named_once_with_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    frames = [pair(f"BTCUSDT {name}") for name in ("1m", "5m", "1h")]

    async def main() -> None:
        time = asyncio.get_running_loop().time
        doubts = Doubts(ExchangeClock(time), Told(), time, frames, "binance stream 2")
        doubts.end(frames)
        for one in frames:
            doubts.doubt([one], time(), "its subscription was lost")
        doubts.end(frames[:2])
        for one in frames[:2]:
            doubts.doubt([one], time(), SILENT)
        await asyncio.sleep(5)

    run(main)
    assert [record.getMessage() for record in caplog.records] == [
        "binance stream 2: BTCUSDT 1m, BTCUSDT 5m, BTCUSDT 1h may lack something: its subscription was lost."
    ]

"""When candles of which none came come again."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulated.virtual_loop import run
from tests.streams.staged import Stage
from tests.streams.test_coinbase_doubting import beats, candle


def test_snapshots_are_no_candles_that_come_again(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        stage = Stage("coinbase")
        stage.start("BTC-USD 5m", "ETH-USD 5m")
        beating = beats(stage)
        await asyncio.sleep(1)

        async def say(kind: str, seconds: int) -> None:
            for _ in range(seconds):
                await asyncio.sleep(1)
                candle(stage.socket, "BTC-USD", kind)
                candle(stage.socket, "ETH-USD", kind)

        await say("update", 40)
        await asyncio.sleep(150)
        assert any("No candles come of 2 streams" in text for text in stage.told.troubles)
        await say("snapshot", 70)
        assert not any("come again" in line for line in caplog.messages)
        await say("update", 70)
        assert [line for line in caplog.messages if "come again" in line] == [
            "coinbase stream 1: Candles come again of 2 streams."
        ]
        beating.cancel()
        await stage.streams.close()

    run(main)

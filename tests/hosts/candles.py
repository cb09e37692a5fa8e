"""What the candle cache has, beside what the simulated exchange has really traded."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import redis

from perseus import keys
from perseus.market.timeframes import Timeframe
from tests.commands.running import eventually
from tests.endtoend.test_simulator_away import FIGURES, told
from tests.hosts.lease import EXCHANGE, EXCHANGE_ID

SYMBOLS, FRAMES = ("BTCUSDT", "ETHUSDT"), ("1m", "5m")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
CLOSED_MS = 10_000
"""By then the simulated exchange has said of each candle that has ended that it is closed."""


def now_ms(simulator: str) -> int:
    """The time of the simulated exchange."""
    return int(told(simulator, "clock")["now"])


def check_no_hole(store: redis.Redis, simulator: str, since_ms: int) -> None:
    """Wait for the end of the minute that runs; each candle that has ended since then is there, as it was."""
    end_ms = (now_ms(simulator) // MINUTE_MS + 1) * MINUTE_MS
    eventually(lambda: now_ms(simulator) > end_ms + CLOSED_MS, MINUTE_MS / 1000)
    found: list[str] = []

    def is_whole() -> bool:
        found[:] = wrong(store, simulator, since_ms, end_ms)
        return not found

    with suppress(AssertionError):
        eventually(is_whole)
    assert not found, "\n".join(found)
    assert all(_true(simulator, symbol, frame, since_ms, end_ms) for symbol in SYMBOLS for frame in FRAMES)


def wrong(store: redis.Redis, simulator: str, since_ms: int, end_ms: int) -> list[str]:
    """What the cache has otherwise."""
    found = []
    for symbol, frame in ((symbol, frame) for symbol in SYMBOLS for frame in FRAMES):
        members = store.zrange(keys.candles(EXCHANGE_ID, symbol, frame), 0, -1, withscores=True)
        kept = {int(score): json.loads(text) for text, score in members}
        for true in _true(simulator, symbol, frame, since_ms, end_ms):
            mine = kept.get(true["timestamp"], {"closed": False})
            if not mine.get("closed") or any(Decimal(mine[each]) != Decimal(true[each]) for each in FIGURES):
                found.append(f"{symbol} {frame} at {true['timestamp']}: {mine}, not {true}")
    return found


def _true(simulator: str, symbol: str, frame: str, since_ms: int, end_ms: int) -> list[dict[str, Any]]:
    asked = f"truth?exchange={EXCHANGE}&symbol={symbol}&timeframe={frame}&from={since_ms}&to={end_ms}"
    candles = told(simulator, asked)["candles"]
    closes_at = Timeframe.parse(frame).close_of
    return [one for one in candles if one["must"] and one["closed"] and closes_at(one["timestamp"]) <= end_ms]

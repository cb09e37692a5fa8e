"""What `perseus up` shows a newcomer: real protocol traffic, and an exchange that falls silent and leaves no hole."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from perseus.store import Client, connect
from tests.commands.running import Site, eventually

pytestmark = pytest.mark.long

AWAY_SECONDS = 30.0
MINUTE_MS = 60_000
EXCHANGES = {"coinbase": 1, "binance": 2, "binance_us": 3}
FIGURES = ("open", "high", "low", "close", "volume")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "home")
    del site.settings["PERSEUS_TIMEFRAMES"]
    return site


@pytest.fixture
def candles(site: Site) -> Iterator[Client]:
    with site.start("up"):
        eventually(site.has_three_active, 60)
        with connect(site.run_json()["store"]["url"], timeout=5, name="test") as client:
            yield client


def test_an_exchange_that_is_silent_for_thirty_seconds_leaves_no_hole(site: Site, candles: Client) -> None:
    address = site.run_json()["simulator"]
    simulator = site.child("simulate")
    eventually(lambda: told(address, "clock")["now"] % MINUTE_MS > MINUTE_MS // 2, 60)
    before_ms = told(address, "clock")["now"]
    simulator.suspend()
    time.sleep(AWAY_SECONDS)
    simulator.resume()
    eventually(lambda: told(address, "clock")["now"] > before_ms + AWAY_SECONDS * 1000)
    for name, number in EXCHANGES.items():
        eventually(lambda name=name, number=number: not wrong(candles, address, name, number), 60)
    broken = {name: each["broken"] for name, each in told(address, "counters").items()}
    assert broken == {name: {} for name in EXCHANGES}


def told(address: str, what: str) -> Any:
    """What the simulator's control endpoint answers."""
    with urlopen(f"{address}/control/{what}", timeout=10) as answer:
        return json.load(answer)


def wrong(candles: Client, address: str, name: str, number: int) -> list[str]:
    """What the cache has otherwise than the simulator, of the finished minutes since its oldest candle."""
    found, seen = [], 0
    for key in list(candles.scan_iter(f"candles:{number}:*:1m")):
        symbol = key.split(":")[2]
        kept = {int(score): json.loads(text) for text, score in candles.zrange(key, 0, -1, withscores=True)}
        asked = f"truth?exchange={name}&symbol={symbol}&timeframe=1m&from={min(kept)}&to={max(kept) + MINUTE_MS}"
        for true in told(address, asked)["candles"]:
            if not true["closed"]:
                continue
            seen += 1
            mine = kept.get(true["timestamp"], {"closed": False})
            if not mine.get("closed") or any(Decimal(mine[each]) != Decimal(true[each]) for each in FIGURES):
                found.append(f"{key} at {true['timestamp']}")
    assert seen > 100, f"only {seen} finished minutes of {name} to compare"
    return found

"""A standby of a simulated exchange, as whole processes: who goes on asks for nothing that it has heard."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
import redis

from perseus.control.command import Kind
from perseus.control.outcomes import Status
from perseus.market.cache import CandleCache
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from tests.commands.test_harness import address
from tests.commands.test_simulate import simulating
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, Start, wait_active
from tests.standby.scene import free_since, payload, until_active

TAKES = {**KEYED, "PERSEUS_TIMEFRAMES": "1m,5m", "PERSEUS_SYMBOLS": "BTCUSDT,ETHUSDT"}
PAIRS = [Pair(symbol, Timeframe.parse(frame)) for symbol in ("BTCUSDT", "ETHUSDT") for frame in ("1m", "5m")]


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with simulating("--port", "0") as (_, said):
        yield address(said)


def asked(url: str) -> int:
    """Requests for candles that the exchange has seen."""
    with urlopen(f"{url}/control/counters", timeout=10) as answer:
        seen = json.load(answer)["binance"]["seen"]
    return sum(count for what, count in seen.items() if what.endswith("/klines"))


def quiet(url: str) -> int:
    """The same once it has asked for nothing more for two seconds."""
    count, since = asked(url), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.2)
        if asked(url) != count:
            count, since = asked(url), time.monotonic()
    return count


def test_a_promotion_and_a_hand_over_ask_for_no_candle_and_lose_none(
    start: Start, reader: redis.Redis, commander: Commander, simulator: str
) -> None:
    command = ("-m", "perseus", "ingest", "binance", "--simulator", simulator)
    primary = start(*command, **TAKES)
    held = wait_active(reader, primary)
    count = quiet(simulator)
    start(*command, "--standby", **TAKES)
    start(*command, "--standby", **TAKES)
    eventually(lambda: len([one for one in commander.hosts(2, role="standby") if one.warm]) == 2)
    assert asked(simulator) == count, "a standby asks for no candle"

    primary.kill()
    began = free_since(reader, held)
    eventually(lambda: payload(reader).get("connectionState") == "active")
    assert time.monotonic() - began < 2
    assert quiet(simulator) == count

    (reserve,) = [one for one in commander.hosts(1, role="standby") if one.warm]
    began = time.monotonic()
    told = commander.end(reserve.target, Kind.TAKEOVER, "binance", **{"from": payload(reader)["instanceId"]})
    assert (told.status, time.monotonic() - began < 5) == (Status.DONE, True), told
    until_active(reader, reserve.target)
    assert quiet(simulator) == count

    coverages = CandleCache(commander.client, BINANCE_ID, "0").coverages(PAIRS)
    for pair in PAIRS:
        ((start_ms, end_ms),) = coverages[pair].verified
        assert pair.timeframe.count(start_ms, end_ms) >= 999

"""A standby at a simulated exchange whose time passes faster than ours."""

from __future__ import annotations

import redis

from tests.commands.test_harness import address
from tests.commands.test_simulate import simulating
from tests.control.conftest import KEYED, Commander, eventually
from tests.endtoend.test_simulator_away import told
from tests.ingest.running import Start, wait_active

TAKES = {**KEYED, "PERSEUS_TIMEFRAMES": "1m", "PERSEUS_SYMBOLS": "BTCUSDT"}


def test_it_follows_that_time_and_believes_what_it_hears(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    with simulating("--port", "0", "--speed", "10") as (_, said):
        url = address(said)
        command = ("-m", "perseus", "ingest", "binance", "--simulator", url)
        wait_active(reader, start(*command, **TAKES))
        standby = start(*command, "--standby", **TAKES)
        eventually(lambda: any(one.warm for one in commander.hosts(role="standby")))
        then_ms = told(url, "clock")["now"]
        eventually(lambda: told(url, "clock")["now"] > then_ms + 60_000)
        standby.terminate()
        assert "a time that has not come yet" not in standby.communicate(timeout=20)[1]

"""Warmups of whole ingest processes: restarted, killed, and counted by the simulated exchange itself."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import redis

from perseus.clock import SystemClock, iso
from perseus.store import connect
from perseus.warmup.store import INTERRUPTED, Told, read
from tests.commands.test_harness import address
from tests.commands.test_simulate import simulating
from tests.ingest.conftest import reader, site, site_environment, start
from tests.ingest.running import BINANCE_ID, SHORT, Start, wait_active

__all__ = ["reader", "site", "site_environment", "start"]

HOUR = 3_600
LONGEST = 60.0
TAKES = {"PERSEUS_SYMBOLS": "BTCUSDT,ETHUSDT,SOLUSDT", "PERSEUS_TIMEFRAMES": "1h,4h,1d", **SHORT}
SETTLED_SECONDS = 3.0


@contextmanager
def exchange(folder: Path) -> Iterator[str]:
    """One at our own time, far from which no remembered clock is trusted; no hour ends while a test lasts."""
    left = HOUR - time.time() % HOUR
    if left < LONGEST:
        time.sleep(left)
    file = folder / "quiet.toml"
    file.write_text(f'seed = "restart"\nstart = "{iso(SystemClock().wall_ms())}"\n')
    with simulating("--port", "0", "--scenario", str(file), "--symbols", "btc,eth,sol") as (_, said):
        yield address(said)


def counted(url: str) -> dict[str, Any]:
    with urlopen(f"{url}/control/counters", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)["binance"]
        return found


def add_fault(url: str, **fault: object) -> None:
    asked = Request(f"{url}/control/faults", json.dumps({"exchange": "binance", **fault}).encode(), method="POST")
    with urlopen(asked, timeout=10):
        pass


def told(url: str) -> Told:
    with connect(url, timeout=5, name="test") as client:
        return read(client, BINANCE_ID)


def settled(read: Callable[[], int]) -> int:
    """What it gives once that has not changed for a while."""
    give_up, known, since = time.monotonic() + 40, read(), time.monotonic()
    while time.monotonic() - since < SETTLED_SECONDS:
        assert time.monotonic() < give_up
        time.sleep(0.1)
        if (now := read()) != known:
            known, since = now, time.monotonic()
    return known


def stopped(process: subprocess.Popen[str]) -> None:
    process.terminate()
    assert process.wait(10) == 0, process.communicate()[1]


def test_a_process_that_begins_again_with_everything_there_sends_the_exchange_no_request_of_any_kind(
    start: Start, reader: redis.Redis, real_store: str, tmp_path: Path
) -> None:
    with exchange(tmp_path) as url:
        first = start("-m", "perseus", "ingest", "binance", "--simulator", url, **TAKES)
        wait_active(reader, first)
        requests = settled(lambda: counted(url)["seen"]["http_requests"])
        assert requests >= 9 + 2
        stopped(first)
        connects = counted(url)["seen"]["ws_connects"]
        second = start("-m", "perseus", "ingest", "binance", "--simulator", url, **TAKES)
        payload = wait_active(reader, second)
        assert settled(lambda: counted(url)["seen"]["http_requests"]) == requests
        assert counted(url)["seen"]["ws_connects"] > connects
        assert counted(url)["broken"] == {}
        found = told(real_store)
        assert found.stats is not None
        assert found.stats.instance_id == payload["instanceId"]
        assert (found.stats.mode, found.stats.rest_calls, found.stats.status) == ("warm", 0, "complete")


def test_killed_in_the_middle_it_is_told_as_interrupted_and_the_next_process_goes_on(
    start: Start, reader: redis.Redis, real_store: str, tmp_path: Path
) -> None:
    with exchange(tmp_path) as url:
        add_fault(url, name="slow_headers", target="*klines*", params={"wait_ms": 2500})
        first = start("-m", "perseus", "ingest", "binance", "--simulator", url, **TAKES)
        give_up = time.monotonic() + 30
        while not ((found := told(real_store)).stats and 0 < found.stats.completed_pairs < found.stats.total_pairs):
            assert time.monotonic() < give_up, found
            time.sleep(0.05)
        first.kill()
        first.wait()
        assert told(real_store).status(None) == INTERRUPTED
        with urlopen(Request(f"{url}/control/faults", method="DELETE"), timeout=10):
            pass
        wait_active(reader, start("-m", "perseus", "ingest", "binance", "--simulator", url, **TAKES))
        found = told(real_store)
        assert found.schedule is not None
        assert found.stats is not None
        assert 0 < found.schedule.needs_fetching < 9
        assert (found.stats.status, found.stats.mode) == ("complete", "partial")


@pytest.mark.parametrize("key", ["symbols", "stats"])
def test_junk_in_the_store_stops_no_start(
    start: Start, reader: redis.Redis, real_store: str, tmp_path: Path, key: str
) -> None:
    reader.rpush(f"exchange:{BINANCE_ID}:warm-up-schedule:{key}", "junk")
    reader.set(f"exchange:{BINANCE_ID}:listings", "junk")
    with exchange(tmp_path) as url:
        wait_active(reader, start("-m", "perseus", "ingest", "binance", "--simulator", url, **TAKES))
    found = told(real_store)
    assert found.problems == ()
    assert found.stats is not None
    assert found.stats.status == "complete"

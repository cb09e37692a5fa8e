"""`perseus ingest` with room for a recording: killed in mid work, it leaves what a fresh one meets again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import redis

from perseus.exchanges.recordings.entries import Heard
from perseus.exchanges.recordings.exported import Contents
from perseus.exchanges.recordings.recording import Recording
from perseus.exchanges.recordings.ring import files, ring_folder
from perseus.settings import Settings
from tests.commands.test_harness import address
from tests.commands.test_simulate import simulating
from tests.ingest.running import Start, wait_active

TAKES = {"PERSEUS_SYMBOLS": "BTCUSDT", "PERSEUS_TIMEFRAMES": "1m,1h", "PERSEUS_RECORD_MB": "1"}
MESSAGES = 10


def test_a_killed_process_leaves_its_recording_and_the_next_adds_to_it(
    start: Start, site: Settings, reader: redis.Redis
) -> None:
    folder = ring_folder(site.home, "binance")
    with simulating("--port", "0", "--speed", "5") as (_, said):
        for life in (1, 2):
            process = start("-m", "perseus", "ingest", "binance", "--simulator", address(said), **TAKES)
            wait_active(reader, process)
            before = _messages(folder) if life == 2 else 0
            give_up = time.monotonic() + 30
            while _messages(folder) < before + MESSAGES:
                assert time.monotonic() < give_up
                time.sleep(0.2)
            process.kill()
            process.wait()
    contents = Contents.of(Recording(folder).entries())
    assert len(contents.lines) == 2
    assert [line.end for line in contents.lines.values()] == [None, None]
    assert contents.requests["/binance/api/v3/exchangeInfo", "200"] >= 1
    assert contents.requests["/binance/api/v3/klines", "200"] >= 2
    assert contents.dropped == 0
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 1024 * 1024


def _messages(folder: Path) -> int:
    entries = Recording(folder).entries() if folder.exists() and files(folder) else ()
    return sum(isinstance(entry, Heard) for entry in entries)


@pytest.mark.parametrize("room", [{}, {"PERSEUS_RECORD_MB": "0"}], ids=["unset", "zero"])
def test_without_room_nothing_is_recorded(
    start: Start, site: Settings, reader: redis.Redis, room: dict[str, str]
) -> None:
    takes = {name: value for name, value in TAKES.items() if name != "PERSEUS_RECORD_MB"}
    with simulating("--port", "0", "--speed", "5") as (_, said):
        wait_active(reader, start("-m", "perseus", "ingest", "binance", "--simulator", address(said), **takes, **room))
    assert not (site.home / "recordings").exists()

"""What tests of whole ingest processes look for in the store."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis

from perseus import keys

ROOT = Path(__file__).parents[2]
BINANCE_ID = 2
SHORT = {
    "PERSEUS_HEARTBEAT_SECONDS": "0.7",
    "PERSEUS_TTL_SECONDS": "2.4",
    "PERSEUS_MARGIN_SECONDS": "0.9",
    "PERSEUS_STOP_SECONDS": "0.8",
    "PERSEUS_RETRY_SECONDS": "0.2",
    "PERSEUS_STORE_TIMEOUT_SECONDS": "0.4",
}

Start = Callable[..., "subprocess.Popen[str]"]


def wait_active(
    reader: redis.Redis, process: subprocess.Popen[str], exchange_id: int = BINANCE_ID
) -> dict[str, object]:
    give_up = time.monotonic() + 20
    while True:
        text = reader.get(keys.status(exchange_id))
        payload: dict[str, object] = json.loads(text) if text else {}
        if payload.get("connectionState") == "active":
            return payload
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        assert time.monotonic() < give_up
        time.sleep(0.02)


def path(reader: redis.Redis, name: str = "binance") -> list[str]:
    events = [fields for _, fields in reader.xrange(keys.activity(name))]
    return [event["toState"] for event in events if event["event"] == "state_transition"]

"""Resident memory of a real ingest process against an interpreter that only imported the same libraries."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import store
from bench.figures import Figure
from bench.interpreters import environment, resident_kb
from perseus import keys
from perseus.network import payload
from perseus.network.states import State
from perseus.store import Client

EXCHANGE = "coinbase"
LIBRARIES = "redis, hiredis, pydantic, pydantic_settings, pluggy, click, sqlalchemy, sqlite3"
START_SECONDS = 60.0
SETTLED_SECONDS = 3.0


def measure(url: str) -> list[Figure]:
    """`perseus ingest` with its synthetic feed, after some seconds of being active."""
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as home, store.client_of(url) as client:
        client.flushall()
        ours = environment({"PERSEUS_HOME": home, "PERSEUS_REDIS_URL": url, "PERSEUS_PUBLIC_IP_SERVICES": ""})
        subprocess.run([_perseus(), "init"], cwd=home, env=ours, check=True, stdout=subprocess.DEVNULL)
        with _process([_perseus(), "ingest", EXCHANGE, "--made-up"], home, ours) as pid, _importer(home) as other:
            _wait_until_active(client)
            time.sleep(SETTLED_SECONDS)
            kb, other_kb = resident_kb(pid), resident_kb(other)
    note = f"{kb / 1024:.0f} MB to {other_kb / 1024:.0f} MB"
    return [Figure("resident memory of ingest, to its libraries", kb / other_kb, note=note)]


def _perseus() -> str:
    return str(Path(sys.executable).with_name("perseus"))


@contextmanager
def _importer(home: str) -> Iterator[int]:
    code = f"import {LIBRARIES}, time; time.sleep(600)"
    with _process([sys.executable, "-c", code], home, environment({})) as pid:
        yield pid


@contextmanager
def _process(command: list[str], folder: str, env: Mapping[str, str]) -> Iterator[int]:
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def _wait_until_active(client: Client) -> None:
    gives_up = time.monotonic() + START_SECONDS
    while time.monotonic() < gives_up:
        for key in (keys.status(id_) for id_ in range(1, 20)):
            told = payload.parse(str(client.get(key) or ""))
            if told and told.exchange_name == EXCHANGE and told.connection_state is State.ACTIVE:
                return
        time.sleep(0.1)
    raise RuntimeError(f"perseus ingest {EXCHANGE} was not active within {START_SECONDS:.0f} s")

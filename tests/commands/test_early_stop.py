"""SIGTERM at a process that waits for a store that hangs, or whose store and database hang: it ends soon, as asked."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perseus import db, keys
from tests.commands.running import Site, eventually
from tests.postgres import PostgresProcess
from tests.redis_process import RedisProcess

STOP_SECONDS = 2.0


def site_of(home: Path, server: RedisProcess, **settings: str) -> Site:
    with server.client() as client:
        client.set(keys.INITIALISED, "kept")
    return Site(home, PERSEUS_REDIS_URL=server.url, PERSEUS_STORE_WAIT_SECONDS="30", **settings)


def begun(site: Site, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "perseus", *command],
        env=site.environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def ended(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[float, int, str]:
    """How long it took, its exit code, and what it said."""
    began = time.monotonic()
    process.send_signal(number)
    try:
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    return time.monotonic() - began, process.returncode, said


@pytest.mark.parametrize("command", [("web",), ("dispatch",), ("ingest", "coinbase", "--made-up")])
def test_a_start_that_waits_for_a_store_that_hangs_ends_with_0_at_once(
    own_server: RedisProcess, tmp_path: Path, command: tuple[str, ...]
) -> None:
    site = site_of(tmp_path / "home", own_server)
    assert site.run("init").returncode == 0
    own_server.freeze()
    process = begun(site, *command)
    assert process.stderr is not None
    told = ""
    while "Trying again for" not in told:
        told = process.stderr.readline()
        assert told, "it has ended by itself"
    took, code, said = ended(process)
    assert code == 0, said
    assert took < 1.5
    assert "SIGTERM" in said


@pytest.mark.parametrize("command", [("web",), ("dispatch",), ("ingest", "coinbase", "--made-up")])
def test_a_start_that_waits_for_a_database_that_hangs_ends_with_0_at_once(
    own_server: RedisProcess, own_postgres: PostgresProcess, tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = own_postgres.url()
    db.initialise(url)
    db.disconnect(url)
    site = site_of(tmp_path / "home", own_server, PERSEUS_DATABASE_URL=url)
    own_postgres.freeze()
    try:
        process = begun(site, *command)
        time.sleep(2.5)
        took, code, said = ended(process)
    finally:
        own_postgres.thaw()
    assert (code, took < 1.5) == (0, True), said
    assert "stopped as asked while it started: SIGTERM" in said


def test_a_dispatcher_ends_within_its_stop_time_while_store_and_database_hang(
    own_server: RedisProcess, own_postgres: PostgresProcess, tmp_path: Path
) -> None:
    url = own_postgres.url()
    db.initialise(url)
    db.disconnect(url)
    site = site_of(tmp_path / "home", own_server, PERSEUS_DATABASE_URL=url, PERSEUS_STOP_SECONDS=f"{STOP_SECONDS:g}")
    process = begun(site, "dispatch")
    assert process.stderr is not None
    eventually(lambda: "watching and dispatching" in process.stderr.readline())  # type: ignore[union-attr]
    own_server.freeze()
    own_postgres.freeze()
    try:
        time.sleep(2.5)
        took, code, said = ended(process)
    finally:
        own_postgres.thaw()
    assert code == 0, said
    assert took < STOP_SECONDS

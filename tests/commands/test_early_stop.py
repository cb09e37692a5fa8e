"""SIGTERM and SIGINT at any moment: a process that imports, waits, or whose store hangs ends soon, as asked."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from perseus import db, keys
from tests.commands.running import Site, eventually
from tests.postgres import PostgresProcess
from tests.redis_process import RedisProcess

STOP_SECONDS = 2.0
NUMBERS = (signal.SIGINT, signal.SIGTERM)
LASTING: tuple[tuple[str, ...], ...] = (("web",), ("dispatch",), ("ingest", "coinbase", "--made-up"))
ASKED: tuple[tuple[str, ...], ...] = (("init",), ("doctor",), ("drill", "--yes"))


def site_of(home: Path, server: RedisProcess, **settings: str) -> Site:
    with server.client() as client:
        client.set(keys.INITIALISED, "kept")
    return Site(home, PERSEUS_REDIS_URL=server.url, PERSEUS_STORE_WAIT_SECONDS="30", **settings)


def begun(site: Site, *command: str, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *options, "-m", "perseus", *command],
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


def until_said(process: subprocess.Popen[str], words: str) -> None:
    """Wait for a line with these words."""
    assert process.stderr is not None
    while words not in (line := process.stderr.readline()):
        assert line, "it has ended by itself"


def asks(process: subprocess.Popen[str], server: PostgresProcess) -> bool:
    """Has it opened a connection to that server?"""
    connections = psutil.Process(process.pid).net_connections()
    return any(one.raddr and one.raddr.port == server.port for one in connections)


def code_of(command: tuple[str, ...], number: signal.Signals) -> int:
    return 0 if command in LASTING else 128 + number


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("command", [*LASTING, *ASKED])
def test_a_program_that_still_imports_ends_without_a_traceback(
    tmp_path: Path, command: tuple[str, ...], number: signal.Signals
) -> None:
    # Each import is told on stderr, so that the signal comes between two of them.
    process = begun(Site(tmp_path / "home"), *command, options=("-X", "importtime"))
    until_said(process, " click.")
    _, code, said = ended(process, number)
    assert code == code_of(command, number), said
    assert "Traceback" not in said
    assert (f"perseus: stopped by {number.name} before it was done." in said) is (command in ASKED)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("command", [*LASTING, ("init",), ("drill", "--yes")])
def test_who_waits_for_a_store_that_hangs_ends_at_once(
    own_server: RedisProcess, made_home: Path, tmp_path: Path, command: tuple[str, ...], number: signal.Signals
) -> None:
    site = site_of(tmp_path / "home", own_server)
    shutil.copytree(made_home, site.home)
    own_server.freeze()
    process = begun(site, *command)
    until_said(process, "Trying again for")
    took, code, said = ended(process, number)
    assert code == code_of(command, number), said
    assert took < 1.5
    assert "Traceback" not in said
    assert number.name in said


@pytest.mark.parametrize("number", NUMBERS)
def test_a_doctor_whose_store_hangs_ends_at_once(
    own_server: RedisProcess, tmp_path: Path, number: signal.Signals
) -> None:
    site = site_of(tmp_path / "home", own_server, PERSEUS_STORE_TIMEOUT_SECONDS="2.5")
    own_server.freeze()
    process = begun(site, "doctor")
    eventually(lambda: psutil.Process(process.pid).net_connections())
    took, code, said = ended(process, number)
    assert (code, took < 1.5) == (128 + number, True), said
    assert said == f"perseus: stopped by {number.name} before it was done.\n"


@pytest.mark.parametrize("command", LASTING)
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
        eventually(lambda: asks(process, own_postgres))
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
    until_said(process, "watching and dispatching")
    own_server.freeze()
    own_postgres.freeze()
    try:
        until_said(process, "does not answer")
        took, code, said = ended(process)
    finally:
        own_postgres.thaw()
    assert code == 0, said
    assert took < STOP_SECONDS

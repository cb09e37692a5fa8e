"""How long a command waits for its acknowledgement, by a real process that takes in a simulated exchange at speed."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from pydantic import SecretStr

from bench import store
from bench.figures import Figure
from bench.interpreters import environment
from perseus import keys
from perseus.control import channel, hosts, key
from perseus.control.command import Command, Kind
from perseus.control.hosts import Report
from perseus.settings import Settings
from perseus.store import Client

COMMANDS = 400
PAUSE_SECONDS = 0.05
START_SECONDS = 90.0
LIMIT_MS = 200
SPEED = "10"
BASES = ",".join(f"C{number:02}" for number in range(60))


def measure(url: str) -> list[Figure]:
    """400 commands, one each 50 ms, from sending to the moment at which who sent it can read that it was accepted."""
    text = secrets.token_hex(32)
    secret = key.required(Settings(control_key=SecretStr(text)))
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as home, store.client_of(url) as client:
        client.flushall()
        ours = environment(
            {
                "PERSEUS_HOME": home,
                "PERSEUS_REDIS_URL": url,
                "PERSEUS_PUBLIC_IP_SERVICES": "",
                "PERSEUS_CONTROL_KEY": text,
                "PERSEUS_TIMEFRAMES": "1m,5m,15m,1h",
            }
        )
        subprocess.run([program(), "init"], cwd=home, env=ours, check=True, stdout=subprocess.DEVNULL)
        with simulator(home, ours) as address, _ingest(home, ours, address) as process:
            report = _serving(client)
            began, at = process.cpu_times(), time.monotonic()
            waits = sorted(_acknowledged(client, secret, report) for _ in range(COMMANDS))
            used = _seconds(process.cpu_times()) - _seconds(began)
            share = used / (time.monotonic() - at) * 100
    note = f"half within {waits[COMMANDS // 2]:.1f} ms, longest {waits[-1]:.0f} ms, process at {share:.0f} % of a core"
    return [Figure("command to acknowledgement, 99 of 100", waits[COMMANDS * 99 // 100], LIMIT_MS, "ms", note=note)]


def _acknowledged(client: Client, secret: bytes, report: Report) -> float:
    """Milliseconds. It asks for what is refused at once: to go on, of what is not paused."""
    time.sleep(PAUSE_SECONDS)
    command = Command(report.target, Kind.RESUME, "bench@example.net", exchange_name=report.exchange_name)
    outcomes = keys.control(report.target, "outcomes")
    began = time.perf_counter()
    channel.send(client, secret, command)
    while not client.hexists(outcomes, command.id):
        if time.perf_counter() - began > START_SECONDS:
            raise RuntimeError("a command was not accepted")
        time.sleep(0.0005)
    return (time.perf_counter() - began) * 1000


def _serving(client: Client) -> Report:
    found: list[Report] = []

    def is_active() -> bool:
        found[:] = [one for one in hosts.read(client) if one.role == "serving" and one.doing == "active"]
        return bool(found)

    _wait(is_active)
    return found[0]


def _wait(is_so: Callable[[], bool]) -> None:
    gives_up = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > gives_up:
            raise RuntimeError(f"the process was not active within {START_SECONDS:.0f} s")
        time.sleep(0.1)


@contextmanager
def simulator(home: str, ours: Mapping[str, str]) -> Iterator[str]:
    command = [program(), "simulate", "--port", "0", "--speed", SPEED, "--symbols", BASES]
    with subprocess.Popen(
        command, cwd=home, env=ours, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            yield next(found[1] for line in lines if (found := re.search(r"rest_url = '(http://\S+)/binance'", line)))
        finally:
            process.terminate()


@contextmanager
def _ingest(home: str, ours: Mapping[str, str], address: str) -> Iterator[psutil.Process]:
    command = [program(), "ingest", "binance", "--simulator", address]
    with subprocess.Popen(command, cwd=home, env=ours, stderr=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _seconds(times: object) -> float:
    return float(getattr(times, "user", 0.0)) + float(getattr(times, "system", 0.0))


def program() -> str:
    return str(Path(sys.executable).with_name("perseus"))

"""From an event in the log to the request at a webhook: latency, the cost of waiting, and a storm of 10,000 events.

The same storm goes to Prometheus Alertmanager where Debian's package is installed: same receiver, a message an event.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

import psutil

from bench import alertmanager, store
from bench.figures import Figure
from bench.interpreters import environment
from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, ActivityLog, Entry
from perseus.store import Client

EXCHANGES = (Exchange(1, "coinbase", "Coinbase"), Exchange(2, "binance", "Binance"), Exchange(3, "binance_us", "US"))
SINGLE, STORM, IDLE_SECONDS = 300, 10_000, 10.0
P50_MS, P99_MS = 50, 250
READY_SECONDS, STORM_SECONDS = 60.0, 300.0
DESTINATION = "webhook"
TOKEN = "1"


def measure(url: str) -> list[Figure]:
    """One dispatcher on an empty store, with the bundled webhook as its only destination."""
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as folder, store.client_of(url) as client:
        client.flushall()
        with receiver(Path(folder)) as (address, arrivals), dispatcher(Path(folder), url, address) as process:
            _wait_until_held(client)
            figures = [*_latency(client, arrivals), *_idle(client, process), _storm(client, arrivals)]
        return [*figures, *alertmanager.storm(Path(folder), STORM)]


class Arrivals:
    """What has come to the receiver: mark of an event to nanoseconds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def by_mark(self) -> Mapping[str, int]:
        """When each mark came first."""
        found: dict[str, int] = {}
        for line in self._path.read_text("ascii").splitlines():
            at, _, marks = line.partition("\t")
            for mark in marks.split():
                found.setdefault(mark, int(at))
        return found

    def wait_for(self, marks: Sequence[str], seconds: float) -> Mapping[str, int]:
        """All of these, or RuntimeError."""
        gives_up = time.monotonic() + seconds
        while time.monotonic() < gives_up:
            came = self.by_mark()
            if came.keys() >= set(marks):
                return came
            time.sleep(min(0.5, len(marks) / 1000))
        raise RuntimeError(f"{len(set(marks) - self.by_mark().keys())} events did not arrive within {seconds:.0f} s")


@contextmanager
def receiver(folder: Path) -> Iterator[tuple[str, Arrivals]]:
    """A receiver of this run's own; gives its address."""
    path = folder / f"arrivals-{uuid4().hex}"
    command = [sys.executable, "-m", "bench.receiver", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/", Arrivals(path)
        finally:
            process.terminate()


@contextmanager
def dispatcher(folder: Path, url: str, address: str) -> Iterator[psutil.Process]:
    """`perseus dispatch` with one destination."""
    perseus = str(Path(sys.executable).with_name("perseus"))
    ours = environment({"PERSEUS_HOME": str(folder), "PERSEUS_REDIS_URL": url, "PERSEUS_PLUGIN_WEBHOOK_URL": address})
    subprocess.run([perseus, "init"], cwd=folder, env=ours, check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen([perseus, "dispatch"], cwd=folder, env=ours, stderr=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            with suppress(ProcessLookupError):
                process.terminate()


def event(exchange: Exchange, at: int) -> Entry:
    """One transition, as an instance writes it; its id is the mark."""
    walk = ("idle", "starting", "warming", "active")
    fields = {
        "timestamp": "2026-01-01T00:00:00.000Z",
        "exchangeId": str(exchange.id),
        "exchangeName": exchange.name,
        "hostname": "ingest-1",
        "ip": "203.0.113.1",
        "adminEmail": "ada@example.org",
        "instanceId": "ingest-1-1",
        "fencingToken": TOKEN,
        "fromState": walk[at % 3],
        "toState": walk[at % 3 + 1],
        "reason": "the feed is ready",
    }
    return Entry(TRANSITION, uuid4().hex, TOKEN, fields)


def _wait_until_held(client: Client) -> None:
    gives_up = time.monotonic() + READY_SECONDS
    while not client.exists(keys.destination(DESTINATION, "lease")):
        if time.monotonic() > gives_up:
            raise RuntimeError("the dispatcher did not take its destination")
        time.sleep(0.1)
    time.sleep(1.5)


def _latency(client: Client, arrivals: Arrivals) -> list[Figure]:
    logs = [ActivityLog(client, exchange, 100_000) for exchange in EXCHANGES]
    sent: dict[str, int] = {}
    for at in range(SINGLE):
        entry = event(EXCHANGES[at % 3], at)
        sent[entry.event_id] = time.monotonic_ns()
        logs[at % 3].append(entry)
        time.sleep(0.03)
    came = arrivals.wait_for(list(sent), 60)
    taken = quantiles([(came[mark] - at) / 1e6 for mark, at in sent.items()], n=100)
    note = f"{SINGLE} transitions, one at a time"
    return [
        Figure("append to request, median", taken[49], P50_MS, "ms", taken[0], taken[98], note),
        Figure("append to request, 99 of 100", taken[98], P99_MS, "ms", note=note),
    ]


def _idle(client: Client, process: psutil.Process) -> list[Figure]:
    time.sleep(2)
    before, commands = process.cpu_times(), _commands(client)
    time.sleep(IDLE_SECONDS)
    after, commands = process.cpu_times(), _commands(client) - commands
    busy = after.user + after.system - before.user - before.system
    return [
        Figure("dispatcher while nothing happens, share of a core", busy / IDLE_SECONDS * 100, unit="%"),
        Figure("commands a second while nothing happens", commands / IDLE_SECONDS, unit="/s"),
    ]


def _commands(client: Client) -> int:
    return int(client.info("stats")["total_commands_processed"])


def _storm(client: Client, arrivals: Arrivals) -> Figure:
    logs = [ActivityLog(client, exchange, 100_000) for exchange in EXCHANGES]
    began = time.monotonic_ns()
    marks = []
    for at in range(STORM):
        entry = event(EXCHANGES[at % 3], at)
        logs[at % 3].append(entry)
        marks.append(entry.event_id)
    came = arrivals.wait_for(marks, STORM_SECONDS)
    seconds = (max(came[mark] for mark in marks) - began) / 1e9
    return Figure("storm of 10,000 events, a message each", STORM / seconds, unit="/s", note=f"{seconds:.0f} s in all")

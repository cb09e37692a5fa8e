"""Our renewals beside the lease keep-alives of etcd: how many a second one core of the store serves.

Same machine, same run, in turns, as many connections on both sides, one lease on each, one request at a time on each.
A renewal of ours compares, writes the payload with its TTL and the last record, and is in the append-only file within
a second. A keep-alive of etcd moves a deadline in memory; the nearest to ours is one with a put of the payload under
the lease, which is on disk when it is answered. Redis has no majority to ask here, and neither has etcd: one member.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench import etcdserver, guests
from bench.figures import Figure
from bench.interpreters import ROOT, environment
from tests.redis_process import RedisProcess

CLIENT = "etcd-client"
GRPC = "grpcio==1.85.1"
CONNECTIONS = 50
PACE = 1_000
SECONDS, REPEATS = 4.0, 5
BODY_BYTES = 620  # as large as the payload of ours


@dataclass(frozen=True, slots=True)
class Side:
    """A store and the process that sends it heartbeats."""

    port: int
    store: psutil.Process
    sender: subprocess.Popen[str]

    def rate(self, a_second: int, with_put: bool = False) -> float:
        """Heartbeats a second of processor time that the store used; `a_second` 0: as fast as they go."""
        began = _cpu(self.store)
        told = self._told(f"{SECONDS} {a_second} {int(with_put)}")
        if a_second and told["beats"] < 0.9 * a_second * SECONDS:
            raise RuntimeError(f"{told['beats']:.0f} heartbeats instead of {a_second * SECONDS:.0f}: no fair pace")
        return told["beats"] / (_cpu(self.store) - began)

    def check_connections(self) -> None:
        """RuntimeError unless each lease has a connection of its own."""
        sockets = psutil.Process(self.sender.pid).net_connections(kind="tcp")
        had = sum(bool(one.raddr) and one.raddr.port == self.port for one in sockets)
        if had != CONNECTIONS:
            raise RuntimeError(f"{had} connections instead of {CONNECTIONS}")

    def _told(self, order: str) -> dict[str, float]:
        assert self.sender.stdin
        assert self.sender.stdout
        self.sender.stdin.write(f"{order}\n")
        self.sender.stdin.flush()
        told: dict[str, float] = json.loads(self.sender.stdout.readline() or '"it ended: see what it said above"')
        return told


def measure(url: str) -> list[Figure]:
    """Ours on a Redis of its own with its file appended to, theirs on etcd. `url` is not used."""
    try:
        guests.install(CLIENT, GRPC)
        etcdserver.program()
    except guests.NotInstalled as error:
        return [Figure("our renewal, to etcd's keep-alive", 0.0, note=f"not measured: {error}")]
    with ExitStack() as open_:
        ours, theirs = open_.enter_context(_ours()), open_.enter_context(_theirs())
        for side in (ours, theirs):
            side.check_connections()
        return [
            *_compared(ours, theirs, 0, f"etcd {etcdserver.version()}, {CONNECTIONS} connections"),
            *_compared(ours, theirs, PACE, "at the same pace"),
        ]


def _compared(ours: Side, theirs: Side, a_second: int, note: str) -> list[Figure]:
    rates: dict[str, list[float]] = {"renew": [], "keep": [], "put": []}
    for _ in range(REPEATS):
        rates["renew"].append(ours.rate(a_second))
        rates["keep"].append(theirs.rate(a_second))
        rates["put"].append(theirs.rate(a_second, with_put=True))
    told = f", {a_second:,} a second" if a_second else ""
    return [
        _ratio(f"our renewal, to etcd's keep-alive{told}", rates["renew"], rates["keep"], note),
        _ratio("  to its keep-alive and a put of the payload", rates["renew"], rates["put"], note),
    ]


def _ratio(name: str, ours: Sequence[float], theirs: Sequence[float], note: str) -> Figure:
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    told = f"{median(ours):,.0f} to {median(theirs):,.0f} a second and core; {note}"
    return Figure(name, median(ratios), None, "x", min(ratios), max(ratios), told)


@contextmanager
def _ours() -> Iterator[Side]:
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as folder:
        server = RedisProcess(Path(folder), "--appendonly", "yes", "--appendfsync", "everysec")
        try:
            server.start()
            assert server.process is not None
            command = [sys.executable, "-m", "bench.renewals", server.url, str(CONNECTIONS)]
            with _sending(command) as sender:
                yield Side(server.port, psutil.Process(server.process.pid), sender)
        finally:
            server.kill()


@contextmanager
def _theirs() -> Iterator[Side]:
    script = str(Path(__file__).with_name("etcdleases.py"))
    with (
        tempfile.TemporaryDirectory(prefix="perseus-bench-") as folder,
        etcdserver.running(Path(folder)) as (port, process),
        _sending([str(guests.python(CLIENT)), script, str(port), str(CONNECTIONS), str(BODY_BYTES)]) as sender,
    ):
        yield Side(port, process, sender)


@contextmanager
def _sending(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment({}), stdin=pipe, stdout=pipe, text=True) as sender:
        try:
            assert sender.stdout
            if sender.stdout.readline().strip() != "ready":
                raise RuntimeError(f"{' '.join(command)} did not begin")
            yield sender
        finally:
            sender.terminate()


def _cpu(process: psutil.Process) -> float:
    """Seconds of the process, and of those it has forked and seen end, such as a rewrite of Redis' file.

    Linux has a clock for the former, which glibc's `clock_getcpuclockid` names like this; what /proc tells is in steps
    of 10 ms, a tenth of what is measured here at the slower pace.
    """
    times = process.cpu_times()
    return time.clock_gettime(~process.pid << 3 | 2) + float(times.children_user + times.children_system)

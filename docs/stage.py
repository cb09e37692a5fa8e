"""A real network for pictures: `perseus up` with a month of history, and one exchange that does not get warm."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perseus import keys
from perseus.commands.readiness import reached
from perseus.local import embedded
from perseus.local.pids import wait_for
from perseus.local.runfile import Run
from perseus.store import Client, connect

PORT = 8765
DEMO = ("coinbase", "binance", "binance_us")
STUCK = "kraken"
START_SECONDS = 60.0
DAY_MS = 86_400_000
SETTINGS = {
    "PERSEUS_PORT": str(PORT),
    "PERSEUS_ADMIN_NAME": "Ada Lovelace",
    "PERSEUS_ADMIN_EMAIL": "ada@example.org",
    "PERSEUS_PUBLIC_IP_SERVICES": "",
}
LINK = re.compile(r"https?://\S+sign-in\S*")
WALK = ("idle", "starting", "warming", "active")
NEVER_WARM = f"""
import threading
import perseus

class Feed:
    name = "history of {STUCK}"
    symbols = ("BTC-USD", "ETH-USD", "SOL-USD")

    def __init__(self, instance):
        self.closed = threading.Event()

    def connect(self):
        pass

    def warm(self):
        self.closed.wait()

    def receive(self, timeout):
        return 0

    def close(self):
        self.closed.set()

perseus.run("{STUCK}", Feed)
"""


@dataclass(frozen=True)
class Stage:
    """The running network. `environ`: of further commands in its home."""

    home: Path
    run: Run
    environ: dict[str, str]

    def kill(self, child: str) -> None:
        """End one of its processes as a crash would."""
        self.run.children[child].signal(signal.SIGKILL)

    def freeze_store(self) -> None:
        """Its data store does not answer any more."""
        assert self.run.store_process is not None
        self.run.store_process.signal(signal.SIGSTOP)

    def thaw_store(self) -> None:
        """It does again."""
        assert self.run.store_process is not None
        self.run.store_process.signal(signal.SIGCONT)

    def link(self) -> str:
        """A one-time link to sign in."""
        line = [sys.executable, "-m", "perseus", "sign-in-link"]
        told = subprocess.run(line, env=self.environ, capture_output=True, text=True, timeout=60, check=True).stdout
        found = LINK.search(told)
        assert found is not None, told
        return found[0]

    def activate(self, *names: str) -> None:
        """Which exchanges the database names."""
        with sqlite3.connect(self.home / "perseus.db") as connection:
            connection.execute("UPDATE exchanges SET is_active = 0")
            connection.executemany("UPDATE exchanges SET is_active = 1 WHERE name = ?", [(name,) for name in names])
        connection.close()


@contextmanager
def running(home: Path) -> Iterator[Stage]:
    """`perseus up` in `home` and an ingest process that stays warming; ended in order.

    `perseus` is found by its name, as after an installation: pages then show no path of this checkout.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environ = {**os.environ, **SETTINGS, "PATH": path, "PERSEUS_HOME": str(home)}
    _remember(home, environ)
    command = [sys.executable, "-m", "perseus", "up"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: f"ingest {DEMO[-1]}" in _children(home), START_SECONDS)
            run = Run.living(home)
            assert run is not None, "perseus up did not start"
            stage = Stage(home, run, environ)
            stage.activate(*DEMO, STUCK)
            with subprocess.Popen([sys.executable, "-c", NEVER_WARM], env=environ) as never_warm:
                try:
                    yield stage
                finally:
                    never_warm.send_signal(signal.SIGKILL)
        finally:
            process.send_signal(signal.SIGINT)


def address(path: str) -> str:
    """Of one page."""
    return reached("127.0.0.1", PORT) + path


def _children(home: Path) -> frozenset[str]:
    run = Run.living(home)
    return frozenset(run.children) if run is not None else frozenset()


def _remember(home: Path, environ: dict[str, str]) -> None:
    """A month of starts, stops and deaths in the activity logs, as instances would have written them."""
    store = embedded.start(home, environ)
    try:
        with connect(store.url, timeout=5, name="stage") as client:
            seconds, micros = client.time()
            now_ms = int(seconds) * 1000 + int(micros) // 1000
            for number, name in enumerate((*DEMO, STUCK), 1):
                _history(client, number, name, now_ms)
    finally:
        store.stop(5)


def _history(client: Client, number: int, name: str, now_ms: int) -> None:
    chance = random.Random(name)
    at_ms, seq = now_ms - 29 * DAY_MS, 0
    while at_ms < now_ms - 2 * 3_600_000:
        begins = at_ms
        for before, after, lasts in zip(WALK[:-1], WALK[1:], (900, 20_000 + chance.randrange(40_000), 0), strict=True):
            seq += 1
            _write(client, number, name, begins, seq, before, after, "the feed is ready")
            begins += lasts + 400
        ends = begins + int(chance.uniform(0.1, 1.6) * DAY_MS)
        if ends > now_ms - 3_600_000:
            ends = now_ms - 3_600_000 - chance.randrange(600_000)
        seq += 1
        _write(client, number, name, ends, seq, "active", "offline", "lease_expired", offlineAt=_iso(ends))
        at_ms = ends + chance.randrange(120_000, 2_400_000)


def _write(
    client: Client, number: int, name: str, at_ms: int, seq: int, before: str, after: str, reason: str, **more: str
) -> None:
    fields = {
        "event": "state_transition",
        "eventId": f"{number}{at_ms:031}",
        "seq": str(seq),
        "timestamp": _iso(at_ms),
        "exchangeId": str(number),
        "exchangeName": name,
        "hostname": f"ingest-{number}",
        "ip": f"203.0.113.{number}",
        "adminEmail": "ada@example.org",
        "instanceId": f"ingest-{number}-{seq}",
        "fencingToken": str(at_ms * 1000),
        "fromState": before,
        "toState": after,
        "reason": reason,
        **more,
    }
    client.xadd(keys.activity(name), fields, id=f"{at_ms}-{seq}")  # type: ignore[arg-type]


def _iso(at_ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_ms / 1000)) + f".{at_ms % 1000:03}Z"

"""A whole site as an admin runs it: `perseus init`, `perseus web`, a network that lives, a person signed in."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from itertools import cycle
from pathlib import Path
from urllib.error import URLError
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import psutil

from bench import store
from bench.interpreters import environment
from bench.members import Network
from perseus import db
from tests.redis_process import free_port

READY_SECONDS = 60.0
BEAT_SECONDS = 15.0
FRAGMENT = {"HX-Request": "true", "Accept-Encoding": "gzip"}


@dataclass
class Site:
    """`process` is gunicorn's master; its only worker serves. `session`: the value of an admin's cookie."""

    port: int
    process: psutil.Process
    network: Network
    session: str
    beats: Beats

    @property
    def headers(self) -> dict[str, str]:
        """They sign an admin in."""
        return {"Cookie": f"{cookie_name(self.port)}={self.session}"}

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return cpu_seconds(self.process)

    def pause(self) -> None:
        """Let no heartbeat come; leases last 45 s."""
        self.beats.paused.set()

    def resume(self) -> None:
        """Let them come again."""
        self.beats.paused.clear()


class Beats:
    """A heartbeat of each instance every 15 s, one after the other, as processes of their own would."""

    def __init__(self, network: Network) -> None:
        self.paused = threading.Event()
        self._network = network
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Beats:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)

    def _beat(self) -> None:
        each = BEAT_SECONDS / len(self._network.members)
        for member in cycle(self._network.members):
            if not self.paused.is_set():
                member.beat()
            if self._ended.wait(each):
                return


def cookie_name(port: int) -> str:
    """Of the cookie that says who asks."""
    return f"perseus-{port}"


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and its children."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


@contextmanager
def site(url: str, exchanges: int, events: int) -> Iterator[Site]:
    """`exchanges` live ones that beat every 15 s, with `events` in their logs, and the pages on a free port."""
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as name, store.client_of(url) as client:
        network = Network(client, exchanges, events // exchanges)
        port = free_port()
        ours = environment(
            {"PERSEUS_HOME": name, "PERSEUS_REDIS_URL": url, "PERSEUS_PORT": str(port), "PERSEUS_WEB_WORKERS": "1"}
        )
        perseus = str(Path(sys.executable).with_name("perseus"))
        subprocess.run([perseus, "init"], cwd=name, env=ours, check=True, stdout=subprocess.DEVNULL)
        _name_exchanges(db.default_url(Path(name)), network)
        with (
            Beats(network) as beats,
            subprocess.Popen(
                [perseus, "web"], cwd=name, env=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as web,
        ):
            try:
                _wait_until_ready(port)
                said = subprocess.run([perseus, "sign-in-link"], cwd=name, env=ours, check=True, capture_output=True)
                yield Site(port, psutil.Process(web.pid), network, _signed_in(port, said.stdout.decode()), beats)
            finally:
                with suppress(ProcessLookupError):
                    web.terminate()


def _name_exchanges(database_url: str, network: Network) -> None:
    path = database_url.split("sqlite:///", 1)[1]
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        like = dict(connection.execute("SELECT * FROM exchanges WHERE id = 1").fetchone())
        connection.execute("DELETE FROM exchanges")
        for exchange in network.exchanges:
            row = like | {"id": exchange.id, "name": exchange.name, "display_name": exchange.display_name}
            places = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO exchanges ({', '.join(row)}) VALUES ({places})", list(row.values()))
    connection.close()


def _signed_in(port: int, said: str) -> str:
    """The session that the link in it begins."""
    jar = CookieJar()
    build_opener(HTTPCookieProcessor(jar)).open(said.split()[0], data=b"").close()
    return next(cookie.value or "" for cookie in jar if cookie.name == cookie_name(port))


def _wait_until_ready(port: int) -> None:
    gives_up = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
                if json.load(answer)["status"] == "ready":
                    return
        except (URLError, OSError):
            if time.monotonic() > gives_up:
                raise
        time.sleep(0.1)

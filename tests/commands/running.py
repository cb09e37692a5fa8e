"""`perseus` commands as real processes, in a home and on a port of the test's own; ended by pid whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psutil

from perseus.access import keys
from perseus.access.roles import Role
from perseus.clock import SystemClock
from perseus.db import access as rows
from perseus.errors import PerseusError
from perseus.local import orphans, runfile
from perseus.settings import Settings
from tests.redis_process import free_port

Processes = list[psutil.Process]
TESTER = "tester@example.net"


def eventually(holds: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The first true value of `holds()`; fails the test when there is none in time."""
    give_up = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.05)


class Site:
    """One home and port, and the commands that run there.

    Unless a test says otherwise its ingest processes take in one timeframe: most of what an `up` works is its warmups.
    """

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port = free_port()
        self.settings = {"PERSEUS_PUBLIC_IP_SERVICES": "", "PERSEUS_TIMEFRAMES": "1m", **settings}
        self._token: str | None = None
        self._browser = build_opener(HTTPCookieProcessor())
        self._is_signed_in = False

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "PERSEUS_HOME": str(self.home), "PERSEUS_PORT": str(self.port), **self.settings}

    def run(self, *command: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self._line(command), env=self.environ, capture_output=True, text=True, timeout=seconds, check=False
        )

    @contextmanager
    def start(self, *command: str) -> Iterator[Command]:
        """Start one command; when the block ends, it and all its descendants are ended."""
        with (self.home.parent / f"{command[0]}.out").open("w+") as output:
            process = subprocess.Popen(self._line(command), env=self.environ, stdout=output, stderr=subprocess.STDOUT)
            started = Command(process, Path(output.name), self.home if command[0] == "up" else None)
            try:
                yield started
            except BaseException as error:
                error.add_note(f"perseus {' '.join(command)} said: {started.said[-5_000:]}")
                raise
            finally:
                started.end()

    def get(self, path: str) -> Any:
        """The JSON that the site's web answers, or None while it does not."""
        try:
            with self.open(path) as answer:
                return json.load(answer)
        except HTTPError as error:
            if error.code != 503:
                raise
            return None
        except (URLError, ConnectionError, TimeoutError, PerseusError):
            return None

    def open(self, path: str) -> Any:
        """The answer to an admin: signed in by a cookie on pages, by a token in the API."""
        address = f"http://127.0.0.1:{self.port}"
        if not path.startswith(("/api/", "/health")) and not self._is_signed_in:
            self._browser.open(Request(f"{address}/sign-in/link/{self._admit(rows.add_link)}", b""), timeout=5)
            self._is_signed_in = True
        if path.startswith("/api/") and self._token is None:
            self._token = self._admit(rows.add_token)
        headers = {"Authorization": f"Bearer {self._token}"} if path.startswith("/api/") else {}
        return self._browser.open(Request(address + path, headers=headers), timeout=5)

    def _admit(self, add: Callable[..., object]) -> str:
        """A key in the site's database, of an admin who is there for the tests."""
        named = self.settings.get("PERSEUS_DATABASE_URL")
        url, key = named or runfile.database_url(Settings(home=self.home)), keys.fresh_token()
        found = rows.user_by_email(url, TESTER)
        person = found.person if found else rows.add_user(url, TESTER, "Tester", Role.ADMIN, "a test")
        add(url, person.id, keys.digest(key), "a test", SystemClock().wall_ms())
        return key

    def states(self) -> dict[str, str]:
        """Exchange name to condition, as the API says; empty while it does not answer."""
        view = self.get("/api/network/instances") or {"instances": []}
        return {instance["exchangeName"]: instance["condition"] for instance in view["instances"]}

    def has_three_active(self) -> bool:
        return self.states() == {"coinbase": "active", "binance": "active", "binance_us": "active"}

    def run_json(self) -> Any:
        return json.loads((self.home / "run.json").read_text("utf-8"))

    def child(self, name: str) -> psutil.Process:
        """The child of the `up` that runs here."""
        return psutil.Process(self.run_json()["children"][name]["pid"])

    @staticmethod
    def _line(command: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "perseus", *command]


class Command:
    """One running command. `home`: of a `perseus up`."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, home: Path | None) -> None:
        self.process = process
        self.pid = process.pid
        self._output = output
        self._family: Processes = []
        self._home = home

    @property
    def said(self) -> str:
        return self._output.read_text("utf-8")

    def family(self) -> Processes:
        """It and all descendants it has now."""
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self.pid)
            self._family = [top, *top.children(recursive=True)]
        return self._family

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> tuple[int, float]:
        """Send a signal and wait for the end: exit code, and seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(seconds), time.monotonic() - began

    def end(self) -> None:
        """End it and all it has started: before one is looked for, who could start it stands still."""
        ending: Processes = []
        while found := [one for one in (*self._family, *self.family(), *self._left()) if one not in ending]:
            ending += found
            for one in found:
                with suppress(psutil.NoSuchProcess):
                    one.suspend()
        for one in ending:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait(10)

    def _left(self) -> Processes:
        """What a `perseus up` that was killed has left: nobody's child any more."""
        return [one for one in psutil.process_iter() if self._home is not None and is_of(one, self._home)]


def still_running(family: Processes) -> Processes:
    """Those that have not ended. psutil compares start times, so a pid given to somebody else does not count."""
    return [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE]


def is_of(process: psutil.Process, home: Path) -> bool:
    """Was it started by a `perseus up` there? It wears a badge; a Redis, which wipes that out, works in the home."""
    try:
        worn = process.environ().get(orphans.BADGE, "").endswith(f":{home}")
        return worn or process.cwd() == str(home / "store")
    except (psutil.Error, OSError):
        return False

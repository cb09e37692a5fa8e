"""A site on hosts of its own, as docs/operate.md sets one up. The hub has data store, database and pages."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import redis

from perseus.control import hosts
from perseus.control.hosts import Report
from perseus.drill.pump import Pump
from perseus.store import connect
from tests.commands.running import eventually
from tests.databases import schema, with_user
from tests.hosts.candles import FRAMES, SYMBOLS
from tests.hosts.namespaces import Host
from tests.hosts.process import Process
from tests.ingest.running import ROOT
from tests.postgres import ADMIN, PostgresProcess, binaries
from tests.redis_process import binary

STORE, PAGES, SIMULATOR, ECHO = 6379, 8000, 8787, 8080
PASSWORD, KEY = "secret of the tests", "a text that all hosts of the tests share"
SPEED = 10
PYTHON = (sys.executable, "-m")


class HostedPostgres(PostgresProcess):
    """One that runs on a host, and is reached there."""

    def __init__(self, on: Host) -> None:
        self._on = on
        super().__init__(names=(on.address,), host=on.address)

    def _run(self, program: str, *arguments: str, output: int | IO[bytes] = subprocess.DEVNULL) -> Any:
        who = ("setpriv", f"--reuid={ADMIN}", f"--regid={ADMIN}", "--clear-groups")
        command = self._on.line(*who, str(binaries() / program), *arguments)
        return subprocess.Popen(command, stdout=output, stderr=output, cwd=self.folder)


class Tunnel(Pump):
    """As `ssh -L` leads a browser to the pages of another host."""

    def __init__(self, to: Host) -> None:
        super().__init__()
        self._to = to

    def target(self, near: socket.socket) -> tuple[str, int]:
        return self._to.address, PAGES


class Site:
    """`start` it first, and `end` it before its hosts are removed. `pages`, `simulator`: their addresses."""

    def __init__(self, hub: Host) -> None:
        self.hub = hub
        self._tunnel = Tunnel(hub)
        self.pages = f"http://127.0.0.1:{self._tunnel.port}"
        self.simulator = f"http://{hub.address}:{SIMULATOR}"
        self._store_url = f"redis://default:{quote(PASSWORD)}@{hub.address}:{STORE}/0"
        self.store = redis.Redis.from_url(self._store_url, decode_responses=True, socket_timeout=5)
        self._reader = connect(self._store_url, timeout=5, name="tests")
        self._postgres: PostgresProcess | None = None

    def start(self) -> None:
        """All that the hub has; returns when it is ready."""
        self._tunnel.__enter__()
        self._simulate()
        self._keep()
        self._postgres = HostedPostgres(self.hub)
        with_user(self._postgres.start()).create("perseus", schema())
        eventually(self._is_kept)
        self.run("init")
        self.perseus(self.hub, "web")
        for address in (f"{self.pages}/health/ready", f"{self.simulator}/control/clock"):
            eventually(lambda address=address: _answers(address))

    def end(self) -> None:
        """What does not end with the hosts."""
        self._tunnel.__exit__()
        self.store.close()
        self._reader.close()
        if self._postgres is not None:
            self._postgres.remove()

    def perseus(self, host: Host, *command: str) -> Process:
        """Start this command of `perseus` there."""
        return host.start(*PYTHON, "perseus", *command, environ=self._environ(host))

    def ingest(self, host: Host, *command: str) -> Process:
        """Start `perseus ingest` there, at the simulated exchanges."""
        return self.perseus(host, "ingest", *command, "--simulator", self.simulator)

    def run(self, *command: str) -> str:
        """What a command of `perseus` says on the hub."""
        return self.hub.run(*PYTHON, "perseus", *command, environ=self._environ(self.hub))

    def sign_in_link(self) -> str:
        """For the first admin."""
        found = re.search(r"http://\S+?(/sign-in/link/\S+)", self.run("sign-in-link"))
        assert found
        return f"{self.pages}{found[1]}"

    def report(self, host: Host, **having: object) -> Report:
        """Once a process there says such things of itself."""

        def found() -> Report | None:
            told = [one for one in hosts.read(self._reader) if one.hostname == host.name]
            return next((one for one in told if having.items() <= one.model_dump().items()), None)

        report: Report = eventually(found)
        return report

    def _simulate(self) -> None:
        bases = ",".join(symbol.removesuffix("USDT") for symbol in SYMBOLS)
        speed = ("--speed", str(SPEED), "--symbols", bases)
        self._module("simulator", "simulate", "--port", str(SIMULATOR), *speed)
        self._module("echo", str(ECHO))

    def _module(self, name: str, *arguments: str) -> None:
        command = (*PYTHON, f"tests.hosts.{name}", self.hub.address, *arguments)
        self.hub.start(*command, environ=self._environ(self.hub))

    def _keep(self) -> None:
        at = ("--bind", self.hub.address, "--port", str(STORE), "--requirepass", PASSWORD, "--save", "")
        safe = ("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
        self.hub.start(binary(), *at, *safe, environ=self._environ(self.hub))

    def _is_kept(self) -> bool:
        try:
            return bool(self.store.ping())
        except redis.exceptions.ConnectionError:
            return False

    def _environ(self, host: Host) -> dict[str, str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PERSEUS_")}
        everywhere = {
            "PYTHONPATH": str(ROOT),
            "PERSEUS_HOME": str(host.folder),
            "PERSEUS_REDIS_URL": self._store_url,
            "PERSEUS_CONTROL_KEY": KEY,
            "PERSEUS_ADMIN_EMAIL": "olga@example.net",
            "PERSEUS_ADMIN_NAME": "Olga",
            "PERSEUS_PUBLIC_IP_SERVICES": f"http://{self.hub.address}:{ECHO}/",
            **self._database(),
        }
        if host is self.hub:
            return {**outside, **everywhere, "PERSEUS_SECRET_KEY": KEY[::-1], "PERSEUS_HOST": host.address}
        taken_in = {"PERSEUS_SYMBOLS": ",".join(SYMBOLS), "PERSEUS_TIMEFRAMES": ",".join(FRAMES)}
        return {**outside, **everywhere, **taken_in, "PERSEUS_PLUGINS_DIR": str(ROOT / "tests" / "hosts" / "plugins")}

    def _database(self) -> dict[str, str]:
        if self._postgres is None:
            return {}
        checked = {"sslmode": "verify-full", "sslrootcert": str(self._postgres.ca)}
        return {"PERSEUS_DATABASE_URL": self._postgres.url(**checked)}


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False

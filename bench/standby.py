"""How long an exchange has nobody: from the end of a killed holder's lease, and while it is handed over."""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from pydantic import SecretStr

from bench import store
from bench.control import BASES, program, simulator
from bench.figures import Figure
from bench.interpreters import environment
from perseus import keys
from perseus.control import channel, hosts, key
from perseus.control.command import Command, Kind
from perseus.control.hosts import Report
from perseus.settings import Settings
from perseus.store import Client

ROUNDS = 5
LONGEST_SECONDS = 120.0
PROMOTION_SECONDS = 2.0
HAND_OVER_SECONDS = 5.0
EXCHANGE = "binance"
EXCHANGE_ID = 2
TIMES = {
    "PERSEUS_TIMEFRAMES": "1m,5m,15m,1h",
    "PERSEUS_TTL_SECONDS": "6",
    "PERSEUS_HEARTBEAT_SECONDS": "1.8",
    "PERSEUS_MARGIN_SECONDS": "2",
    "PERSEUS_STOP_SECONDS": "1.5",
    "PERSEUS_RETRY_SECONDS": "0.5",
    "PERSEUS_STORE_TIMEOUT_SECONDS": "0.8",
}


def measure(url: str) -> list[Figure]:
    """Holders that are killed, then takeovers by a standby: 60 symbols in four timeframes, simulated."""
    text = secrets.token_hex(32)
    secret = key.required(Settings(control_key=SecretStr(text)))
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as home, store.client_of(url) as client:
        client.flushall()
        given = {"PERSEUS_HOME": home, "PERSEUS_REDIS_URL": url, "PERSEUS_PUBLIC_IP_SERVICES": ""}
        ours = environment({**given, "PERSEUS_CONTROL_KEY": text, **TIMES})
        subprocess.run([program(), "init"], cwd=home, env=ours, check=True, stdout=subprocess.DEVNULL)
        with simulator(home, ours) as address, ExitStack() as standing:
            site = Site(client, secret, home, ours, address, standing)
            site.begin()
            site.until(lambda: site.state() == "active")
            promotions = sorted(site.promotion() for _ in range(ROUNDS))
            hand_overs = sorted(site.hand_over() for _ in range(ROUNDS))
    return [
        _figure("promotion after the end of a lease", promotions, PROMOTION_SECONDS),
        _figure("hand-over to a standby, until it is active", hand_overs, HAND_OVER_SECONDS),
    ]


def _figure(name: str, seconds: list[float], limit: float) -> Figure:
    note = f"longest of {ROUNDS}; {len(BASES.split(','))} symbols in 4 timeframes"
    return Figure(name, seconds[-1], limit, "s", seconds[0], seconds[-1], note)


class Site:
    """One exchange, its holder, and who stands by for it."""

    def __init__(
        self, client: Client, secret: bytes, home: str, ours: dict[str, str], address: str, standing: ExitStack
    ) -> None:
        self._client, self._secret = client, secret
        self._home, self._ours, self._address, self._standing = home, ours, address, standing
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def begin(self) -> None:
        """One more process that stands by."""
        process = self._standing.enter_context(self._process())
        self._processes[process.pid] = process

    def promotion(self) -> float:
        """Kill the holder; seconds from the end of its lease until the next is active."""
        self._reserve()
        held = self._payload()
        self._processes[int(str(held["pid"]))].kill()
        self.until(lambda: self._payload().get("fencingToken") != held["fencingToken"], 0.002)
        began = time.monotonic()
        self.until(lambda: self.state() == "active", 0.002)
        return time.monotonic() - began

    def hand_over(self) -> float:
        """Have the standby take it over; seconds from the command until it is active."""
        reserve, held = self._reserve(), str(self._payload()["instanceId"])
        command = Command(reserve.target, Kind.TAKEOVER, "bench@example.net", exchange_name=EXCHANGE)
        began = time.monotonic()
        channel.send(self._client, self._secret, command)
        self.until(lambda: self.state() == "active" and self._payload()["instanceId"] != held, 0.002)
        return time.monotonic() - began

    def state(self) -> str:
        """What the holder says; '' while there is none."""
        return str(self._payload().get("connectionState", ""))

    def until(self, is_so: Callable[[], bool], pause: float = 0.1) -> None:
        """Raises RuntimeError when it has not become so in two minutes."""
        give_up = time.monotonic() + LONGEST_SECONDS
        while not is_so():
            if time.monotonic() > give_up:
                raise RuntimeError(f"{EXCHANGE} is {self.state() or 'held by nobody'}, and waits in vain")
            time.sleep(pause)

    def _reserve(self) -> Report:
        """One that stands by, warm; begun where there is none."""
        if not any(one.role == "standby" for one in hosts.read(self._client)):
            self.begin()
        found: list[Report] = []

        def is_warm() -> bool:
            found[:] = [one for one in hosts.read(self._client) if one.role == "standby" and one.warm]
            return bool(found)

        self.until(is_warm)
        return found[0]

    def _payload(self) -> dict[str, object]:
        text = self._client.get(keys.status(EXCHANGE_ID))
        return dict(json.loads(text)) if isinstance(text, str) else {}

    @contextmanager
    def _process(self) -> Iterator[subprocess.Popen[bytes]]:
        command = [program(), "ingest", EXCHANGE, "--standby", "--simulator", self._address]
        process = subprocess.Popen(
            command, cwd=self._home, env=self._ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

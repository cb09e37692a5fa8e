"""Network namespaces of this machine as hosts on a bridge of their own, which no other machine can reach.

The bridge is in the namespace of the hub. The other hosts and the test itself hang on it, each by its own cable.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path

from tests.hosts.process import Process

HUB = "hub"
BRIDGE, PORT = "lan", "eth0"
#: Which package of Debian has it.
TOOLS = {"ip": "iproute2", "unshare": "util-linux", "setpriv": "util-linux", "hostname": "hostname"}
#: What a kernel or a container says that allows none; anything else is a fault of the machine or of these tests.
REFUSALS = ("Operation not permitted", "Permission denied", "not supported", "Unknown device type")
_numbers = itertools.count(1)


def ip(*arguments: str) -> str:
    """What `ip` answers. Raises RuntimeError with what it complains of."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def why_not() -> str:
    """Why this machine cannot make namespaces; '' where it can. Raises RuntimeError where it can and one fails."""
    if os.geteuid() != 0:
        return "no network namespaces: not root"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"no network namespaces: no {missing[0]} on PATH: apt-get install {TOOLS[missing[0]]}"
    name = f"perseus-{os.getpid():x}-try"
    try:
        ip("netns", "add", name)
        ip("-n", name, "link", "add", BRIDGE, "type", "bridge")
    except RuntimeError as error:
        if any(words in str(error) for words in REFUSALS):
            return f"no network namespaces: {error}"
        raise
    finally:
        with suppress(RuntimeError):
            ip("netns", "delete", name)
    return ""


class Host:
    """One host. `folder`: its disk. `killed_at`: when everything on it was (monotonic seconds), None for never."""

    def __init__(self, name: str, lan: str, address: str, folder: Path) -> None:
        self.name, self.address, self.folder = name, address, folder
        self.namespace = f"{lan}-{name}"
        self.processes: list[Process] = []
        self.killed_at: float | None = None
        folder.mkdir()

    def line(self, *command: str) -> list[str]:
        """The command as one that runs here; its process is that of the command itself."""
        named = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name)
        return ["ip", "netns", "exec", self.namespace, *named, *command]

    def start(self, *command: str, environ: Mapping[str, str]) -> Process:
        """Start it; all that it says is kept."""
        log = self.folder / f"{len(self.processes)}.log"
        self.processes.append(Process(self.line(*command), self.folder, environ, log))
        return self.processes[-1]

    def run(self, *command: str, environ: Mapping[str, str], seconds: float = 60) -> str:
        """What it says, once it has ended with 0."""
        done = subprocess.run(
            self.line(*command), env=environ, cwd=self.folder, capture_output=True, text=True, timeout=seconds
        )
        assert done.returncode == 0, f"{command} on {self.name}: {done.stdout}{done.stderr}"
        return done.stdout

    def pull_the_plug(self) -> None:
        """Nothing is told: packets go nowhere from now on."""
        ip("-n", self._hub, "link", "set", self.name, "down")

    def plug_in(self) -> None:
        """The cable is back."""
        ip("-n", self._hub, "link", "set", self.name, "up")

    def switch_off(self) -> None:
        """Its interface is down: its own system refuses to send."""
        ip("-n", self.namespace, "link", "set", PORT, "down")

    def switch_on(self) -> None:
        """Its interface is up again."""
        ip("-n", self.namespace, "link", "set", PORT, "up")

    def kill_all(self) -> None:
        """SIGKILL to everything that runs here."""
        while pids := [int(pid) for pid in ip("netns", "pids", self.namespace).split()]:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for process in self.processes:
                process.reap()
            time.sleep(0.01)
        self.killed_at = time.monotonic()

    @property
    def _hub(self) -> str:
        return f"{self.namespace.removesuffix(self.name)}{HUB}"


@contextmanager
def lan(folder: Path, *names: str) -> Iterator[list[Host]]:
    """The hub and hosts of these names on one network, which this process is on too; all is removed in the end."""
    network, name = free_network(), f"perseus-{os.getpid():x}-{next(_numbers)}"
    near = f"pn{name.removeprefix('perseus-')}"
    addresses = [f"{address}/{network.prefixlen}" for address in network.hosts()]
    hosts = [
        Host(each, name, address.partition("/")[0], folder / each)
        for each, address in zip((HUB, *names), addresses, strict=False)
    ]
    try:
        _lay(hosts, near, addresses)
        yield hosts
    finally:
        _remove(hosts, near)


def free_network() -> IPv4Network:
    """One of 256 addresses that this machine has no way to yet."""
    routes = json.loads(ip("-j", "-4", "route", "show", "table", "all"))
    known = [ipaddress.ip_network(each["dst"], strict=False) for each in routes if each["dst"] != "default"]
    chance = random.SystemRandom()
    while True:
        network = IPv4Network((f"10.{chance.randrange(64, 250)}.{chance.randrange(256)}.0", 24))
        if not any(network.overlaps(each) for each in known if isinstance(each, IPv4Network)):
            return network


def _lay(hosts: list[Host], near: str, addresses: list[str]) -> None:
    hub, *others = hosts
    for host in hosts:
        ip("netns", "add", host.namespace)
        ip("-n", host.namespace, "link", "set", "lo", "up")
    ip("-n", hub.namespace, "link", "add", BRIDGE, "type", "bridge")
    ip("-n", hub.namespace, "addr", "add", addresses[0], "dev", BRIDGE)
    ip("-n", hub.namespace, "link", "set", BRIDGE, "up")
    for host, address in zip(others, addresses[1:], strict=False):
        ip("-n", hub.namespace, "link", "add", host.name, "type", "veth", "peer", PORT, "netns", host.namespace)
        ip("-n", hub.namespace, "link", "set", host.name, "master", BRIDGE, "up")
        ip("-n", host.namespace, "addr", "add", address, "dev", PORT)
        ip("-n", host.namespace, "link", "set", PORT, "up")
    ip("link", "add", near, "type", "veth", "peer", "tests", "netns", hub.namespace)
    ip("-n", hub.namespace, "link", "set", "tests", "master", BRIDGE, "up")
    ip("addr", "add", addresses[-1], "dev", near)
    ip("link", "set", near, "up")


def _remove(hosts: list[Host], near: str) -> None:
    for host in hosts:
        with suppress(RuntimeError):
            host.kill_all()
        for process in host.processes:
            process.end()
    with suppress(RuntimeError):
        ip("link", "delete", near)
    for host in hosts:
        with suppress(RuntimeError):
            ip("netns", "delete", host.namespace)

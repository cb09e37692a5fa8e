"""The lease of an exchange as the data store has it, and as those who had it saw it themselves."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import redis

from perseus import keys
from perseus.clock import parse_iso
from tests.commands.running import eventually
from tests.hosts.namespaces import Host

EXCHANGE, EXCHANGE_ID = "binance", 2
LEASE_SECONDS = 45
PACE = 0.005


@dataclass(frozen=True)
class Sight:
    """The status key from `at` (monotonic seconds) on. `token`: '' while nobody holds it."""

    at: float
    token: str
    state: str
    host: str


class Lease:
    """Looks at the status key for as long as the block lasts; keeps each change."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.sights: list[Sight] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(10)

    def payload(self) -> dict[str, Any]:
        """What stands there now; empty for nothing."""
        text = self._client.get(keys.status(EXCHANGE_ID))
        return dict(json.loads(str(text))) if text else {}

    def active(self, host: Host, seconds: float = 30) -> Sight:
        """Wait until it is active on that host; the first time that it was seen so."""

        def found() -> Sight | None:
            return next((one for one in self.sights if (one.host, one.state) == (host.name, "active")), None)

        sight: Sight = eventually(found, seconds)
        return sight

    def active_after(self, token: str, seconds: float) -> None:
        """Wait until it is active with a later token."""
        eventually(lambda: self.sights[-1].state == "active" and int(self.sights[-1].token) > int(token), seconds)

    def ended(self, host: Host) -> float:
        """When it was first seen that this host has lost it."""
        last = max(at for at, sight in enumerate(self.sights) if sight.host == host.name)
        return self.sights[last + 1].at

    def known(self, host: Host) -> dict[str, Any]:
        """Wait until that host is active and its address is known; what stands there then."""
        self.active(host)
        eventually(lambda: self.payload().get("ipAddress") == host.address)
        return self.payload()

    def tokens(self) -> list[str]:
        """Of each holder, one after the other; the same twice for a lease that came back after another's."""
        held = [sight.token for sight in self.sights if sight.token]
        return [token for at, token in enumerate(held) if at == 0 or held[at - 1] != token]

    def _watch(self) -> None:
        while not self._ending.wait(PACE):
            told = self.payload()
            seen = tuple(str(told.get(name, "")) for name in ("fencingToken", "connectionState", "hostname"))
            last = self.sights[-1] if self.sights else None
            if last is None or (last.token, last.state, last.host) != seen:
                self.sights.append(Sight(time.monotonic(), *seen))


@dataclass(frozen=True)
class Belief:
    """A host took the lease of that token for valid, at both times. `until` None: it does so still."""

    host: str
    token: str
    since: float
    until: float | None


def beliefs(hosts: Sequence[Host]) -> list[Belief]:
    """What the plugin of each host has written down, by time."""
    return sorted((one for host in hosts for one in _of(host)), key=lambda one: one.since)


def check_never_two(hosts: Sequence[Host], lease: Lease) -> None:
    """By their own belief no two were valid at one time, and no lease came back after another's."""
    found = beliefs(hosts)
    assert [one.token for one in found] == lease.tokens() == sorted(set(lease.tokens()), key=int)
    for earlier, later in itertools.pairwise(found):
        assert earlier.until is not None, found
        assert earlier.until < later.since, found


def reasons(client: redis.Redis) -> list[tuple[str, str, str]]:
    """Of each transition in the activity log: the host, the state that it led to, and why."""
    events = [fields for _, fields in client.xrange(keys.activity(EXCHANGE))]
    return [
        (event["hostname"], event["toState"], event["reason"])
        for event in events
        if event["event"] == "state_transition"
    ]


def claimed_ms(payload: dict[str, Any]) -> int:
    """When its holder has claimed it, in Unix milliseconds."""
    return parse_iso(str(payload["registeredAt"]))


def _of(host: Host) -> list[Belief]:
    file, found = host.folder / "belief", list[Belief]()
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        word, token, at = line.split()
        if word == "until":
            found[-1] = Belief(host.name, token, found[-1].since, float(at))
        else:
            found.append(Belief(host.name, token, float(at), host.killed_at))
    return found

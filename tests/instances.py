"""Instances for tests: joined for real, remembered, and stopped in the end whatever the test did to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.clock import Clock, SystemClock
from perseus.errors import Holder, LeasePending, LeaseRefused
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.network.joining import join
from perseus.network.payload import InstanceStatus, parse
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN, short
from tests.datastores import acquaint

IDENTITY = Identity("host-a", "ann@example.org", "Ann", "192.0.2.7")
WALK = (State.STARTING, State.WARMING, State.ACTIVE)
THREADS = ("heartbeat", "warden", "activity")


class Recorder:
    """An observer that writes down what it is told, and who told it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.threads: set[str] = set()

    def _note(self, what: str, detail: object = None) -> None:
        self.told.append((what, detail))
        self.threads.add(threading.current_thread().name)

    def of(self, what: str) -> list[object]:
        return [detail for name, detail in self.told if name == what]

    def registered(self, status: InstanceStatus) -> None:
        self._note("registered", status)

    def refused(self, exchange: Exchange, holder: Holder) -> None:
        self._note("refused", holder)

    def state_changed(self, status: InstanceStatus, from_state: State, to_state: State, reason: str) -> None:
        self._note("state_changed", (str(from_state), str(to_state), reason))

    def error_reported(self, status: InstanceStatus, error: str, count: int) -> None:
        self._note("error_reported", (error, count))

    def heartbeat_late(self, status: InstanceStatus, seconds: float) -> None:
        self._note("heartbeat_late", seconds)

    def lease_lost(self, status: InstanceStatus, reason: str, holder: Holder | None) -> None:
        self._note("lease_lost", reason)

    def lease_regained(self, status: InstanceStatus) -> None:
        self._note("lease_regained", status)

    def deregistered(self, status: InstanceStatus, reason: str) -> None:
        self._note("deregistered", reason)


class Party:
    """Joins instances and ends them all. `ended_hard` counts what would have ended the process.

    `known`: exchanges that the nodes of a Cluster have been told of; None: a test is about those they do not know.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ended_hard = 0
        self.known: set[int] | None = None
        self._clients: list[Client] = []
        self._instances: list[Instance] = []

    def join(
        self,
        url: str,
        settings: Settings | None = None,
        *,
        observer: Recorder | None = None,
        identity: Identity = IDENTITY,
        clock: Clock | None = None,
        exchange: Exchange = KRAKEN,
        home: str = "a",
        urls: dict[str, str] | None = None,
        target: str = "",
    ) -> Instance:
        """One more instance. Those of one `home` are runs on one host; `urls`: another way to the store by client."""
        if self.known is not None and exchange.id not in self.known:
            self.known.add(exchange.id)
            acquaint(self.client(url), exchange)
        settings = (settings or short(self.home)).model_copy(update={"home": self.home / home})
        timeout = settings.store_timeout_seconds

        def clients(name: str) -> Client:
            self._clients.append(connect((urls or {}).get(name, url), timeout=timeout, name=name))
            return self._clients[-1]

        clock = clock or SystemClock()
        instance = join(exchange, settings, clients, identity, observer, clock, self._end_hard, target=target)
        self._instances.append(instance)
        return instance

    def join_when_free(
        self, url: str, settings: Settings | None = None, *, home: str = "b", target: str = ""
    ) -> Instance:
        """The same once the last lease has run out; it never takes longer than one lease."""
        give_up = time.monotonic() + 30
        while True:
            try:
                return self.join(url, settings, home=home, target=target)
            except LeasePending as pending:
                wait = pending.wait_ms / 1000
            except LeaseRefused as refused:
                wait = refused.holder.seconds_left
            assert time.monotonic() < give_up
            time.sleep(max(0.01, wait))

    def client(self, url: str) -> Client:
        """A client of the test's own, closed in the end."""
        self._clients.append(connect(url, timeout=2, name="test"))
        return self._clients[-1]

    def _end_hard(self) -> None:
        self.ended_hard += 1

    def end(self) -> None:
        for instance in self._instances:
            instance.stop("the test is over")
        for client in self._clients:
            client.close()
        eventually(lambda: not own_threads(), 5)


@pytest.fixture
def party(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Party]:
    """Instances of an exchange that the nodes of a Cluster know from before, and that are ended with the test."""
    party = Party(tmp_path)
    for name in {"store", "real_store"} & set(request.fixturenames):
        party.known = {KRAKEN.id}
        acquaint(party.client(request.getfixturevalue(name)), KRAKEN)
    yield party
    party.end()


def walk(instance: Instance, *states: State) -> Instance:
    """Go through `states`, all the way to active when none is given."""
    for state in states or WALK:
        instance.transition(state, "test")
    return instance


def vanish(instance: Instance) -> None:
    """End its threads as SIGKILL would: nothing is written, nothing released, its file is unlocked."""
    instance._lease.end("killed", 0.0)
    instance._heartbeat.stop(5)
    instance._journal.stop(5)
    instance._warden.stop(5)
    instance._proof.close()


def expire(client: Client) -> None:
    """Let the last lease have ended 90 seconds ago."""
    client.delete(keys.status(KRAKEN.id))
    seconds, _ = client.time()
    client.hset(keys.last_record(KRAKEN.id), "until_ms", (seconds - 90) * 1000)


def eventually(check: Callable[[], object], seconds: float = 10.0) -> object:
    """The first truth that `check` gives; fails after `seconds`."""
    give_up = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.01)


def beaten(client: Client, times: int = 1, exchange: Exchange = KRAKEN) -> None:
    """Until so many more heartbeats stand in the status key."""
    for _ in range(times):
        last = _last_beat(client, exchange)
        eventually(lambda last=last: _last_beat(client, exchange) not in (None, last))


def _last_beat(client: Client, exchange: Exchange) -> str | None:
    status = payload_of(client, exchange)
    return status.last_heartbeat if status else None


def own_threads() -> list[str]:
    """The threads of instances that live now."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name in THREADS)


def events(client: Client, exchange: Exchange = KRAKEN) -> list[dict[str, str]]:
    """The activity log, oldest first, as flat strings."""
    return [fields for _, fields in client.xrange(keys.activity(exchange.name))]


def moves(client: Client, exchange: Exchange = KRAKEN) -> list[str]:
    """The transitions of the activity log as `from>to`; other events by their kind."""
    return [
        f"{event['fromState']}>{event['toState']}" if "toState" in event else event["event"]
        for event in events(client, exchange)
    ]


def payload_of(client: Client, exchange: Exchange = KRAKEN) -> InstanceStatus | None:
    """What the status key says now; None when it is gone."""
    text = client.get(keys.status(exchange.id))
    if text is None:
        return None
    status = parse(text)
    assert status is not None, f"no payload: {text}"
    return status


def last_record_of(client: Client, exchange: Exchange = KRAKEN) -> dict[str, str]:
    """The last record."""
    return client.hgetall(keys.last_record(exchange.id))

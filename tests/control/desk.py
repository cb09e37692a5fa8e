"""An agent with handlers that do what a test says, and who commands it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from perseus.access.audit import AuditLog
from perseus.control import channel
from perseus.control.command import Command, Kind
from perseus.control.handling import Done, Job, Refused, Registry, Work
from perseus.control.hosts import Report
from perseus.control.outcomes import Outcome
from perseus.errors import PerseusError
from perseus.ingest.commands.agent import Agent
from perseus.store import Client, connect

KEY = b"k" * 32
ME = "host-1-abcdef01"


class Desk:
    """Handlers that do what a test says, and what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()
        self.instance_id: str | None = None
        self.registry = Registry()
        self.registry.add(Kind.CHECK, self._quick)
        self.registry.add(Kind.START, self._long)
        self.registry.add(Kind.PAUSE, self._raise(Refused("it is paused already")))
        self.registry.add(Kind.RESUME, self._raise(PerseusError("the exchange is away")))
        self.registry.add(Kind.RELOAD, self._raise(SystemExit(3)))
        self.registry.add(Kind.STOP, self._quick)

    def report(self) -> Report:
        return Report(target=ME, hostname="host", pid=1, at=0, role="idle", instance_id=self.instance_id)

    def _quick(self, job: Job) -> Done:
        self.asked.append(job.command.id)
        return Done("done at once", {"who": job.who})

    def _long(self, job: Job) -> Work:
        self.asked.append(job.command.id)

        def work() -> Done:
            job.step("warming", 40, symbols=3)
            while not self.go.wait(0.01):
                job.check()
            return Done("active")

        return work

    def _raise(self, error: BaseException) -> Callable[[Job], Done]:
        def handler(_: Job) -> Done:
            raise error

        return handler


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def start(desk: Desk) -> Iterator[Callable[[str], Agent]]:
    agents: list[Agent] = []

    def begin(url: str) -> Agent:
        client = connect(url, timeout=0.4, name="agent")
        agents.append(Agent(client, KEY, ME, desk.registry, desk.report, 0.4))
        agents[-1].start()
        return agents[-1]

    yield begin
    for agent in agents:
        agent.stop(1)


@pytest.fixture
def store_url(real_store: str) -> str:
    return real_store


@pytest.fixture
def client(store_url: str) -> Iterator[Client]:
    with connect(store_url, timeout=2, name="test") as client:
        yield client


def command(kind: Kind, **changes: object) -> Command:
    return Command(ME, kind, "ada@example.net", "Ada", **{"exchange_name": "binance", **changes})  # type: ignore[arg-type]


def until(client: Client, command_id: str, is_so: Callable[[Outcome], bool], seconds: float = 5) -> Outcome:
    give_up = time.monotonic() + seconds
    while True:
        told = channel.outcome(client, ME, command_id)
        if told is not None and is_so(told):
            return told
        assert time.monotonic() < give_up, told
        time.sleep(0.01)


def end(client: Client, command_id: str) -> Outcome:
    return until(client, command_id, lambda told: told.is_final)


def audited(client: Client) -> list[tuple[str, str, str]]:
    return [(one.who, one.what, one.result) for one in AuditLog(client).read(50).entries]

"""Each line of a dispatcher that says what cannot be done is followed by one when it can be done again, not before."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from perseus.clock import StoreClock, SystemClock
from perseus.errors import StoreRefusesWrites
from perseus.notify.configuration import Configuration
from perseus.notify.dispatcher import Dispatcher
from perseus.notify.lanes.keeper import Keeper
from perseus.notify.lanes.lanethread import LaneThread
from perseus.notify.lanes.tail import Tail
from perseus.notify.outlook import Horizon
from perseus.store import connect
from tests.conftest import ManualClock
from tests.instances import eventually
from tests.redis_process import RedisProcess

REFUSED = StoreRefusesWrites("store:6379", "NOREPLICAS", "NOREPLICAS Not enough good replicas to write")


class Refusing:
    """Something that is done again and again, and fails while the store refuses writes."""

    def __init__(self) -> None:
        self.refuses = False
        self.done = 0

    def __call__(self) -> None:
        self.done += 1
        if self.refuses:
            raise REFUSED

    def some_more(self) -> None:
        before = self.done
        eventually(lambda: self.done > before + 2)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level("WARNING", "perseus.notify")
    return lambda: [line.getMessage().partition(":")[0] for line in caplog.records]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.notify.lanes.tail.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("perseus.notify.dispatcher.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("perseus.notify.lanes.lanethread.AGAIN_SECONDS", 0.01)


def test_leases_on_destinations(
    clock: ManualClock, said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Refusing()
    keeper = Keeper(0.05, clock, lambda _: None)
    monkeypatch.setattr(keeper, "look", work)
    keeper.start()
    _refuse_for_a_while(work)
    keeper.stop()
    assert said() == ["Leases on destinations cannot be renewed", "Leases on destinations are renewed again."]


def test_the_logs_that_are_looked_at(own_server: RedisProcess, quick: None, said: Callable[[], list[str]]) -> None:
    work = Refusing()
    with connect(own_server.url, timeout=1, name="t") as client:
        tail = Tail(client, lambda _: None, work, SystemClock())
        tail.start()
        _refuse_for_a_while(work)
        tail.stop()
    assert said() == ["The logs cannot be looked at", "The logs can be looked at again."]


def test_what_a_dispatcher_reports_of_itself(
    own_server: RedisProcess, quick: None, said: Callable[[], list[str]]
) -> None:
    clock = SystemClock()
    work = Refusing()
    nothing: Any = None
    with connect(own_server.url, timeout=1, name="t") as client:
        dispatcher = Dispatcher(
            client,
            Configuration,
            lambda: (),
            Horizon(client, lambda: (), list, StoreClock(clock), clock),
            kinds=lambda _: {},
            make=nothing,
            hold=nothing,
            life_seconds=30,
            now_ms=lambda: 0,
            clock=clock,
        )
        dispatcher.start(work)
        _refuse_for_a_while(work)
        dispatcher.stop(2)
    assert said() == ["The dispatcher cannot report", "The dispatcher reports again."]


def test_hints_that_do_not_come(own_server: RedisProcess, quick: None, said: Callable[[], list[str]]) -> None:
    with connect(own_server.url, timeout=1, name="t") as client:
        tail = Tail(client, lambda _: None, Refusing(), SystemClock())
        tail.start()
        own_server.kill()
        eventually(lambda: len(said()) == 1, 10)
        own_server.start()
        eventually(lambda: len(said()) == 2, 10)
        tail.stop()
    assert said() == [
        "New events are looked for once a second only, for hints do not come",
        "Hints of new events come again.",
    ]


def test_a_destination_that_waits_goes_on_when_it_is_sent_to_and_not_when_its_lease_has_ended(
    quick: None, said: Callable[[], list[str]]
) -> None:
    work = Refusing()
    holding = SimpleNamespace(token=1)

    def step() -> int:
        work()
        return 1

    lane: Any = SimpleNamespace(step=step, destination=SimpleNamespace(id="ops"), holding=holding, heard=lambda _: None)
    thread = LaneThread(lane, lambda: 0)
    thread.start()
    work.refuses = True
    eventually(lambda: said() == ["Destination ops waits"])
    holding.token = None
    work.refuses = False
    work.some_more()
    assert said() == ["Destination ops waits"]
    holding.token = 1
    eventually(lambda: len(said()) == 2)
    thread.stop()
    thread.join(2)
    assert said() == ["Destination ops waits", "Destination ops goes on."]


def _refuse_for_a_while(work: Refusing) -> None:
    work.some_more()
    work.refuses = True
    work.some_more()
    work.refuses = False
    work.some_more()

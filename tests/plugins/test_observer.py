"""The observer: callers never wait, a bad plugin costs itself only, and the end is bounded."""

from __future__ import annotations

import logging
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.pluginhost.calling import lane
from perseus.pluginhost.calling.hooks import HookObserver
from perseus.pluginhost.configuration.fields import Value
from perseus.pluginhost.context import Context
from perseus.settings import Settings
from tests.conftest import ManualClock
from tests.plugins.shelf import Shelf

STATUS = InstanceStatus(
    fencing_token="7",
    exchange_id=4,
    exchange_name="kraken",
    instance_id="h-1-a",
    connection_state=State.ACTIVE,
    hostname="h",
    pid=1,
    version="0",
    symbol_count=0,
    registered_at="2026-11-21T00:00:00.000Z",
    last_heartbeat="2026-11-21T00:00:00.000Z",
    last_state_change="2026-11-21T00:00:00.000Z",
    heartbeat_seconds=15,
    ttl_seconds=45,
)

HANG = """
import threading
release = threading.Event()

@hookimpl
def perseus_error_reported(error):
    calls.put(error)
    release.wait(30)
"""
LISTEN = "@hookimpl\ndef perseus_error_reported(error): calls.put(error)"


class Card:
    """The side of an instance that shows fields."""

    def __init__(self) -> None:
        self.fields: dict[str, Value] = {}
        self.shown = threading.Semaphore(0)

    def status(self) -> InstanceStatus:
        return STATUS

    def set_fields(self, fields: Mapping[str, Value]) -> None:
        self.fields.update(fields)
        self.shown.release()

    def wait(self) -> dict[str, Value]:
        assert self.shown.acquire(timeout=10)
        return self.fields


class Makers:
    """Makes observers and closes them in the end."""

    def __init__(self, shelf: Shelf, settings: Settings) -> None:
        self.shelf = shelf
        self.context = Context(settings)
        self.made: list[HookObserver] = []

    def observer(self, interval: float = 1000, clock: ManualClock | None = None) -> HookObserver:
        elapsed = clock.elapsed if clock else time.monotonic
        self.made.append(HookObserver(self.shelf.load(), self.context, interval, elapsed))
        return self.made[-1]


@pytest.fixture
def make(shelf: Shelf, tmp_path: Path) -> Iterator[Makers]:
    makers = Makers(shelf, Settings(home=tmp_path))
    yield makers
    for observer in makers.made:
        observer.close(2)


def test_a_plugin_that_hangs_holds_up_neither_the_caller_nor_another_plugin(shelf: Shelf, make: Makers) -> None:
    shelf.add("hung", HANG, priority=9)
    shelf.add("good", LISTEN)
    observer = make.observer()
    observer.error_reported(STATUS, "first", 1)
    assert shelf.heard("hung") == "first"
    began = time.monotonic()
    for number in range(500):
        observer.error_reported(STATUS, str(number), 1)
    assert time.monotonic() - began < 1
    assert [shelf.heard("good") for _ in range(501)] == ["first", *map(str, range(500))]
    shelf.module("hung").release.set()


def test_a_plugin_that_raises_gets_its_next_call_all_the_same(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_error_reported(error):\n    calls.put(error)\n    raise ValueError(error)")
    observer = make.observer()
    observer.error_reported(STATUS, "one", 1)
    observer.error_reported(STATUS, "two", 1)
    observer.close(5)
    assert [shelf.heard("bad"), shelf.heard("bad")] == ["one", "two"]
    assert [record.message for record in caplog.records] == ["Plugin bad failed in perseus_error_reported."] * 2


@pytest.mark.parametrize("raised", ["SystemExit", "KeyboardInterrupt", "__import__('asyncio').CancelledError"])
def test_a_plugin_that_raises_what_ends_a_process_keeps_its_lane(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture, raised: str
) -> None:
    shelf.add("bad", f"@hookimpl\ndef perseus_error_reported(error):\n    calls.put(error)\n    raise {raised}")
    observer = make.observer()
    for error in ("one", "two"):
        observer.error_reported(STATUS, error, 1)
    observer.close(5)
    assert [shelf.heard("bad"), shelf.heard("bad")] == ["one", "two"]
    assert caplog.messages == ["Plugin bad failed in perseus_error_reported."] * 2


def test_a_lane_outlives_any_call() -> None:
    def end() -> None:
        raise SystemExit(3)

    called = threading.Event()
    one = lane.Lane("bad", 1000, end)
    one.wake()
    one.finish(called.set)
    assert one.join(5)
    assert called.is_set()


def test_calls_beyond_the_queue_are_dropped_and_counted_on_the_log(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("hung", HANG)
    observer = make.observer()
    observer.error_reported(STATUS, "held", 1)
    shelf.heard("hung")
    for number in range(lane.WAITING_MAX + 3):
        observer.error_reported(STATUS, str(number), 1)
    assert caplog.messages == ["Plugin hung is 1000 calls behind; further ones are dropped."]
    shelf.module("hung").release.set()
    assert [shelf.heard("hung") for _ in range(lane.WAITING_MAX)][-1] == str(lane.WAITING_MAX - 1)
    observer.error_reported(STATUS, "after", 1)
    assert shelf.heard("hung") == "after"
    assert caplog.messages[1:] == ["Plugin hung has missed 3 calls."]


def test_the_end_waits_for_what_is_queued(shelf: Shelf, make: Makers) -> None:
    shelf.add("good", LISTEN + "\n\n@hookimpl\ndef perseus_shutdown(): calls.put('shut down')")
    observer = make.observer()
    for number in range(100):
        observer.error_reported(STATUS, str(number), 1)
    observer.close(5)
    assert [shelf.heard("good", 0) for _ in range(101)] == [*map(str, range(100)), "shut down"]
    observer.error_reported(STATUS, "too late", 1)
    assert shelf.module("good").calls.empty()


def test_the_end_is_bounded_and_names_the_plugin_that_is_not_done(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("hung", HANG)
    observer = make.observer()
    observer.error_reported(STATUS, "held", 1)
    shelf.heard("hung")
    began = time.monotonic()
    observer.close(0.2)
    assert time.monotonic() - began < 1
    assert caplog.messages == ["Plugin hung was not done in time and is cut off."]
    shelf.module("hung").release.set()


def test_after_the_last_event_of_an_instance_the_threads_end_by_themselves(shelf: Shelf, make: Makers) -> None:
    shelf.add("good", "@hookimpl\ndef perseus_instance_deregistered(reason): calls.put(reason)")
    before = set(threading.enumerate())
    observer = make.observer()
    (thread,) = set(threading.enumerate()) - before
    observer.deregistered(STATUS, "done")
    thread.join(10)
    assert not thread.is_alive()
    assert shelf.heard("good", 0) == "done"


def test_a_plugin_that_observes_nothing_costs_no_thread(shelf: Shelf, make: Makers) -> None:
    shelf.add("quiet", "@hookimpl\ndef perseus_startup(): pass")
    before = threading.active_count()
    make.observer()
    assert threading.active_count() == before


def test_fields_are_collected_at_once_and_then_every_interval(shelf: Shelf, make: Makers) -> None:
    source = """
    from itertools import count

    beats = count(1)

    @hookimpl
    def perseus_status_fields():
        return {"n": next(beats)}
    """
    shelf.add("counter", source)
    card = Card()
    make.observer(interval=0.01).attach(card)
    for least in (1, 2, 3):
        assert card.wait()["n"] in range(least, 1000)


SLOW = """
take = 0.0
clock = None

@hookimpl
def perseus_status_fields():
    clock.advance(take)
    return {"mood": take}
"""


def test_a_slow_answer_is_dropped_and_the_last_good_one_stays(
    shelf: Shelf, make: Makers, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("slow", SLOW)
    observer = make.observer(clock=clock)
    module, card = shelf.module("slow"), Card()
    module.clock, module.take = clock, 0.09
    observer.attach(card)
    assert card.wait() == {"mood": 0.09}
    module.take = 0.11
    observer._collect("slow")
    assert card.fields == {"mood": 0.09}
    assert caplog.messages == ["Plugin slow took 0.11 s in perseus_status_fields; its answer is dropped."]


def test_fields_that_raise_leave_the_last_good_ones(shelf: Shelf, make: Makers) -> None:
    source = "ok = True\n@hookimpl\ndef perseus_status_fields():\n    if ok: return {'mood': 1}\n    raise OSError"
    shelf.add("flaky", source)
    observer, card = make.observer(), Card()
    observer.attach(card)
    card.wait()
    shelf.module("flaky").ok = False
    observer._collect("flaky")
    assert card.fields == {"mood": 1}


def test_the_first_plugin_to_give_a_field_wins_and_the_contradiction_is_logged_once(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for name, priority, mood in (("loud", 5, "good"), ("meek", 0, "bad")):
        shelf.add(name, f"@hookimpl\ndef perseus_status_fields(): return {{'mood': '{mood}'}}", priority=priority)
    observer, card = make.observer(), Card()
    observer.attach(card)
    card.wait()
    card.wait()
    observer._collect("meek")
    assert card.fields == {"mood": "good"}
    assert caplog.messages == ["Plugin meek contradicts loud about mood; loud is followed."]


def test_a_field_that_a_plugin_gives_no_more_becomes_unknown(shelf: Shelf, make: Makers) -> None:
    shelf.add("fickle", "fields = {'a': 1, 'b': 2}\n@hookimpl\ndef perseus_status_fields(): return fields")
    observer, card = make.observer(), Card()
    observer.attach(card)
    card.wait()
    shelf.module("fickle").fields = {"b": 3}
    observer._collect("fickle")
    assert card.fields == {"a": None, "b": 3}


def test_an_answer_that_breaks_when_it_is_read_costs_its_plugin_that_answer_only(
    shelf: Shelf, make: Makers, caplog: pytest.LogCaptureFixture
) -> None:
    source = """
    class Odd(dict):
        def items(self):
            raise KeyError("no items")

    @hookimpl
    def perseus_status_fields():
        return Odd()
    """
    shelf.add("odd", textwrap.dedent(source) + LISTEN)
    observer = make.observer()
    observer.attach(Card())
    observer.error_reported(STATUS, "next", 1)
    assert shelf.heard("odd") == "next"
    assert caplog.messages == ["Plugin odd broke off a call."]

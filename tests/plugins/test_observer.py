"""The observer: callers never wait, a bad plugin costs itself only, and the end is bounded."""

from __future__ import annotations

import threading
import time

import pytest

from perseus.pluginhost.calling import lane
from tests.plugins.observing import LISTEN, STATUS, Makers, make
from tests.plugins.shelf import Shelf

__all__ = ["make"]

HANG = """
import threading
release = threading.Event()

@hookimpl
def perseus_error_reported(error):
    calls.put(error)
    release.wait(30)
"""


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

"""The work of an instance on a real store: states, losses, returns, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from perseus import keys
from perseus.errors import LeaseLost
from perseus.ingest import work as work_module
from perseus.ingest.backoff import Backoff
from perseus.ingest.brake import Brake
from perseus.ingest.capture import BadCapture
from perseus.ingest.process import work
from perseus.ingest.work import FeedFailed, Work
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.network.joining import join
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import ManualClock
from tests.ingest.scripted import Running, ScriptedFeed

Clients = Callable[[str], Callable[[str], Client]]


class Bench:
    """One instance at work with a scripted feed, and the store as others see it."""

    def __init__(self, instance: Instance, reader: redis.Redis, exchange: Exchange) -> None:
        self.instance = instance
        self.feed = ScriptedFeed(instance)
        self.reader = reader
        self.exchange = exchange
        self.running: Running | None = None

    def start(self, until: str | None = "active") -> None:
        self.running = Running(lambda: work(self.instance, lambda _: self.feed))
        while until is not None and self.instance.state != until:
            assert self.running._thread.is_alive()

    def end(self) -> BaseException | None:
        assert self.running is not None
        return self.running.ended()

    def stop(self) -> BaseException | None:
        self.instance.request_stop("SIGTERM")
        return self.end()

    def events(self) -> list[dict[str, str]]:
        return [fields for _, fields in self.reader.xrange(keys.activity(self.exchange.name))]

    def path(self) -> list[str]:
        moves = [event for event in self.events() if event["event"] == "state_transition"]
        return [moves[0]["fromState"], *(move["toState"] for move in moves)]

    def last_record(self) -> dict[str, str]:
        return self.reader.hgetall(keys.last_record(self.exchange.id))

    def is_released(self) -> bool:
        return not self.reader.exists(keys.status(self.exchange.id)) and self.last_record()["closed"] == "1"


@pytest.fixture
def bench(site: Settings, exchange: Exchange, clients: Clients, real_store: str, clock: ManualClock) -> Iterator[Bench]:
    """Its time is the test's: the lease runs out when the test says so."""
    before = set(threading.enumerate())
    with redis.Redis.from_url(real_store, decode_responses=True) as reader:
        made = clients(real_store)
        bench = Bench(
            join(exchange, site, made, Identity("here"), clock=clock, hard_exit=lambda: None), reader, exchange
        )
        yield bench
        bench.instance.stop()
        if bench.running is not None:
            bench.running.ended()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert left == set()


def test_each_part_of_the_feed_is_called_in_its_state(bench: Bench) -> None:
    bench.start()
    bench.feed.messages.put(3)
    asked = [bench.feed.next() for _ in range(3)]
    assert asked == [("connect", "starting"), ("warm", "warming"), ("receive", "active")]
    assert bench.stop() is None
    assert bench.path() == ["idle", "starting", "warming", "active", "stopping", "stopped"]
    assert bench.is_released()
    assert bench.feed.closed.is_set()


def test_messages_and_symbols_are_counted(bench: Bench) -> None:
    bench.start()
    status = bench.instance.status
    assert status().last_message_at is None
    assert status().fields == {"feed": "scripted", "messageCount": 0}
    bench.feed.symbols.append("C")
    for count in (3, 0, 4):
        bench.feed.messages.put(count)
    for _ in range(5):
        bench.feed.next()
    bench.feed.messages.put(0)
    bench.feed.next()
    assert status().fields == {"feed": "scripted", "messageCount": 7}
    assert status().symbol_count == 3
    assert status().last_message_at is not None


def test_a_lost_feed_is_reported_and_connected_again_and_stays_active(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    bench.start()
    for _ in range(2):
        bench.feed.messages.put(ConnectionResetError("peer went away"))
    asked = [bench.feed.next()[0] for _ in range(8)]
    assert asked == ["connect", "warm", "receive", "connect", "warm", "receive", "connect", "warm"]
    assert bench.instance.state == "active"
    assert bench.stop() is None
    errors = [event for event in bench.events() if event["event"] == "error"]
    assert {event["error"] for event in errors} == {"feed lost, connecting again: ConnectionResetError: peer went away"}
    assert sum(int(event["count"]) for event in errors) == 2
    assert bench.path()[-3:] == ["active", "stopping", "stopped"]


ENDINGS = [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError("bye")]


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
def test_what_ends_a_process_is_a_lost_feed_when_a_feed_raises_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    bench.start()
    bench.feed.messages.put(ending)
    assert [bench.feed.next()[0] for _ in range(5)] == ["connect", "warm", "receive", "connect", "warm"]
    assert bench.instance.state == "active"
    assert bench.stop() is None
    (error,) = [event for event in bench.events() if event["event"] == "error"]
    assert error["error"].startswith(f"feed lost, connecting again: {type(ending).__name__}")


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
def test_what_ends_a_process_fails_the_start_when_a_feed_raises_it(bench: Bench, ending: BaseException) -> None:
    bench.feed.failing = {"connect": ending}
    bench.start(until=None)
    error = bench.end()
    assert isinstance(error, FeedFailed)
    assert f"its feed (scripted) raised {type(ending).__name__}" in str(error)
    assert bench.path() == ["idle", "starting", "idle"]
    assert bench.is_released()


def test_a_feed_whose_making_ends_the_process_is_a_failed_feed(bench: Bench) -> None:
    def no_feed(_: Instance) -> Any:
        raise SystemExit(0)

    with pytest.raises(FeedFailed, match="SystemExit: 0"):
        work(bench.instance, no_feed)
    assert bench.is_released()


def test_a_feed_that_ends_itself_while_it_is_closed_changes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close() -> None:
        bench.feed.closed.set()
        raise SystemExit(3)

    monkeypatch.setattr(bench.feed, "close", close)
    bench.start()
    assert bench.stop() is None
    assert bench.is_released()


@pytest.mark.parametrize("answer", [-1, 2.5, None, True, "7"])
def test_a_feed_that_gives_no_number_of_messages_has_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    bench.start()
    bench.feed.messages.put(lambda: answer)
    assert [bench.feed.next()[0] for _ in range(4)] == ["connect", "warm", "receive", "connect"]
    assert bench.stop() is None
    (error,) = [event for event in bench.events() if event["event"] == "error"]
    assert f"ValueError: receive returned {answer!r}, which is no number of messages" in error["error"]
    assert bench.instance.status().fields["messageCount"] == 0


def test_once_a_message_came_the_pauses_begin_anew(bench: Bench) -> None:
    backoff = Backoff(chance=lambda: 0.0)
    for _ in range(6):
        backoff.wait()

    def serve() -> None:
        with bench.instance, Brake(bench.instance, bench.feed) as brake:
            Work(bench.instance, bench.feed, brake, backoff).run()

    bench.running = Running(serve)
    bench.feed.messages.put(1)
    while bench.feed.next()[0] != "receive":
        pass
    assert bench.stop() is None
    assert backoff.wait() == 0.5


def test_a_feed_that_cannot_be_connected_again_is_tried_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    bench.start()
    bench.feed.failing = {"connect": OSError("no route"), "warm": OSError("no history")}
    bench.feed.messages.put(ConnectionResetError())
    asked = [bench.feed.next()[0] for _ in range(7)]
    assert asked == ["connect", "warm", "receive", "connect", "connect", "warm", "connect"]
    assert bench.stop() is None


def test_a_stop_does_not_wait_for_the_pause_after_a_loss(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 600)
    monkeypatch.setattr("perseus.ingest.backoff.LONGEST_SECONDS", 600)
    bench.start()
    bench.feed.messages.put(ConnectionResetError())
    bench.feed.closed.wait(5)
    assert bench.stop() is None
    assert bench.is_released()


@pytest.mark.parametrize(
    ("part", "path"), [("connect", ["idle", "starting", "idle"]), ("warm", ["idle", "starting", "warming", "idle"])]
)
def test_a_failed_start_goes_back_to_idle_and_releases(
    bench: Bench, part: str, path: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    bench.feed.failing = {part: TimeoutError("exchange is closed")}
    bench.start(until=None)
    error = bench.end()
    assert isinstance(error, FeedFailed)
    assert "kraken could not start: its feed (scripted) raised TimeoutError: exchange is closed" in str(error)
    (logged,) = [record for record in caplog.records if record.exc_info and "before it was active" in record.message]
    assert isinstance(logged.exc_info and logged.exc_info[1], TimeoutError)
    assert bench.path() == path
    assert [event["error"] for event in bench.events() if event["event"] == "error"] == [str(error)]
    assert bench.is_released()
    assert bench.feed.closed.is_set()


def test_a_feed_that_cannot_be_made_releases_the_exchange(bench: Bench) -> None:
    def no_feed(_: Instance) -> Any:
        raise RuntimeError("no such market")

    with pytest.raises(RuntimeError):
        work(bench.instance, no_feed)
    assert bench.is_released()


def test_a_final_error_of_the_feed_ends_the_work_and_is_not_tried_again(bench: Bench) -> None:
    bench.start()
    bench.feed.messages.put(BadCapture(Path("capture.0"), 7, "it is cut off"))
    assert isinstance(bench.end(), BadCapture)
    assert bench.path()[-2:] == ["stopping", "stopped"]
    assert bench.is_released()


@pytest.mark.parametrize("part", ["connect", "warm"])
def test_a_stop_reaches_a_start_that_hangs_in_the_feed(bench: Bench, part: str) -> None:
    bench.feed.blocking = {part}
    bench.start(until=None)
    while bench.feed.next()[0] != part:
        pass
    assert bench.stop() is None
    assert bench.path()[-2:] == ["stopping", "stopped"]
    assert not [event for event in bench.events() if event["event"] == "error"]


def test_a_stop_reaches_a_feed_that_hangs_while_active(bench: Bench) -> None:
    bench.start()
    bench.feed.messages.put(bench.feed.block)
    while bench.feed.next()[0] != "receive":
        pass
    assert bench.stop() is None
    assert bench.is_released()


def test_when_the_lease_is_not_valid_the_feed_is_closed_and_comes_back_with_the_lease(
    bench: Bench, clock: ManualClock, site: Settings
) -> None:
    bench.start()
    bench.feed.messages.put(bench.feed.block)
    while bench.feed.next()[0] != "receive":
        pass
    bench.feed.messages.put(5)
    clock.advance(site.ttl_seconds - site.margin_seconds)
    assert not bench.instance.valid()
    assert bench.feed.closed.wait(5)
    assert bench.instance.status().fields["messageCount"] == 0
    assert [bench.feed.next() for _ in range(3)] == [("connect", "active"), ("warm", "active"), ("receive", "active")]
    assert bench.instance.valid()
    assert bench.stop() is None
    assert bench.instance.status().fields["messageCount"] == 5


def test_no_message_counts_that_was_received_while_the_lease_ran_out(
    bench: Bench, clock: ManualClock, site: Settings
) -> None:
    def receive() -> int:
        clock.advance(site.ttl_seconds - site.margin_seconds)
        return 4

    bench.start()
    bench.feed.messages.put(receive)
    assert [bench.feed.next()[0] for _ in range(4)] == ["connect", "warm", "receive", "connect"]
    assert bench.instance.status().fields["messageCount"] == 0
    assert bench.stop() is None


def test_a_guard_that_fired_just_before_the_lease_came_back_is_no_loss(bench: Bench) -> None:
    bench.start()
    bench.feed.messages.put(LeaseLost("kraken", "no heartbeat was answered"))
    bench.feed.messages.put(1)
    asked = [bench.feed.next()[0] for _ in range(6)]
    assert asked == ["connect", "warm", "receive", "connect", "warm", "receive"]
    assert bench.stop() is None


def test_when_another_holds_the_exchange_the_work_ends_as_lost_and_writes_nothing_more(
    bench: Bench, clock: ManualClock, site: Settings
) -> None:
    bench.start()
    taken = bench.reader.get(keys.status(bench.exchange.id)).replace(bench.instance.instance_id, "another")
    bench.reader.set(keys.status(bench.exchange.id), taken, px=60_000)
    clock.advance(site.heartbeat_seconds)
    error = bench.end()
    assert isinstance(error, LeaseLost)
    assert bench.feed.closed.is_set()
    assert bench.path()[-1] == "active"
    assert bench.reader.get(keys.status(bench.exchange.id)) == taken


def test_a_feed_that_fails_while_it_is_closed_changes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def close() -> None:
        bench.feed.closed.set()
        raise OSError("already gone")

    monkeypatch.setattr(bench.feed, "close", close)
    bench.start()
    assert bench.stop() is None
    assert bench.is_released()
    assert "The feed failed while it was closed." in caplog.messages


def test_waits_for_messages_are_short_enough_to_hear_of_a_stop() -> None:
    assert work_module.RECEIVE_SECONDS <= 1

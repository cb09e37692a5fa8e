"""The work of an instance on a real store: states, losses, returns."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from perseus.ingest.backoff import Backoff
from perseus.ingest.brake import Brake
from perseus.ingest.feed import BegunAnew
from perseus.ingest.process import work
from perseus.ingest.work import FeedFailed, Work
from perseus.network.instance import Instance
from tests.ingest.scripted import Running
from tests.ingest.workbench import Bench, bench
from tests.warmup.test_progress import Told

__all__ = ["bench"]


def test_each_part_of_the_feed_is_called_in_its_state(bench: Bench) -> None:
    bench.start()
    bench.feed.messages.put(3)
    asked = [bench.feed.next() for _ in range(3)]
    assert asked == [("connect", "starting"), ("warm", "warming"), ("receive", "active")]
    assert bench.stop() is None
    assert bench.path() == ["idle", "starting", "warming", "active", "stopping", "stopped"]
    assert bench.is_released()
    assert bench.feed.closed.is_set()


@pytest.mark.parametrize(("failed", "said"), [(0, "warm"), (3, "warm, 3 of 8 pairs failed")])
def test_the_log_says_what_a_warmup_did_without(bench: Bench, failed: int, said: str) -> None:
    told = Told().scanned()
    for pair in told.pairs[:failed]:
        told.progress.failed(pair, "No answer within 10 s.")
    told.progress.end("complete")
    bench.feed.warmup_stats = told.progress.stats()
    bench.start()
    (reason,) = [one["reason"] for one in bench.events() if one.get("toState") == "active"]
    assert reason == said
    assert bench.stop() is None


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
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
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
    logged = [record for record in caplog.records if "the feed failed" in record.message]
    assert [bool(record.exc_info) for record in logged] == [True, True]


ENDINGS = [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError("bye")]


def test_a_source_that_became_another_is_connected_to_at_once_and_is_no_error(bench: Bench) -> None:
    bench.start()
    bench.feed.messages.put(BegunAnew("another world"))
    assert [bench.feed.next()[0] for _ in range(5)] == ["connect", "warm", "receive", "connect", "warm"]
    assert bench.stop() is None
    assert [event for event in bench.events() if event["event"] == "error"] == []


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

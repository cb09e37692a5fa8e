"""How the work of an instance ends: failed starts, stops, lost leases; nothing is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perseus import keys
from perseus.errors import LeaseLost
from perseus.ingest import work as work_module
from perseus.ingest.capture import BadCapture
from perseus.ingest.process import work
from perseus.ingest.work import FeedFailed
from perseus.network.instance import Instance
from perseus.settings import Settings
from tests.conftest import ManualClock
from tests.ingest.workbench import Bench, bench

__all__ = ["bench"]


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

"""Work that is paused, goes on, and begins anew with another feed, on a real store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from perseus.errors import PerseusError, StoreUnavailable
from perseus.ingest.brake import Brake
from perseus.ingest.commands.reins import Paused, Reins
from perseus.ingest.work import Work
from tests.control.conftest import eventually
from tests.ingest.scripted import Running, ScriptedFeed
from tests.ingest.test_work import Bench, bench

__all__ = ["bench"]

ADA = Paused("2026-11-21T10:00:00.000Z", "Ada")


class Led:
    """One work with its reins; `remade` are the feeds that a renewal gives, in order."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.reins = Reins()
        self.remade: list[ScriptedFeed | PerseusError] = []
        bench.running = Running(self._serve)
        eventually(lambda: bench.instance.state == "active")

    def _serve(self) -> None:
        instance, feed = self.bench.instance, self.bench.feed
        with instance, Brake(instance, feed, self.reins.is_pending) as brake:
            Work(instance, feed, brake, reins=self.reins, remake=self._remake).run()

    def _remake(self) -> ScriptedFeed:
        made = self.remade.pop(0)
        if isinstance(made, PerseusError):
            raise made
        return made

    def served(self, ticket: int) -> None:
        gives_up = time.monotonic() + 5

        def look() -> None:
            assert self.bench.running is not None
            assert self.bench.running._thread.is_alive()
            assert time.monotonic() < gives_up

        self.reins.await_served(ticket, look)

    def asked(self, feed: ScriptedFeed | None = None) -> list[str]:
        waiting = (feed or self.bench.feed).asked
        return [waiting.get_nowait()[0] for _ in range(waiting.qsize())]

    def errors(self) -> list[str]:
        return [event["error"] for event in self.bench.events() if event["event"] == "error"]


@pytest.fixture
def led(bench: Bench) -> Iterator[Led]:
    led = Led(bench)
    yield led
    bench.stop()


def blocked(led: Led) -> None:
    """The work hangs in a read that only `close` ends."""
    led.bench.feed.messages.put(led.bench.feed.block)
    eventually(lambda: led.bench.feed.messages.empty())


@pytest.mark.parametrize("hang", [blocked, lambda led: None], ids=["in a read", "between reads"])
def test_a_pause_closes_the_feed_and_nothing_else(led: Led, hang: Callable[[Led], None]) -> None:
    hang(led)
    led.served(led.reins.pause(ADA))
    assert led.bench.feed.closed.is_set()
    led.asked()
    led.bench.feed.messages.put(5)
    assert led.bench.instance.state == "active"
    assert led.bench.instance.valid()

    led.served(led.reins.resume())
    eventually(lambda: led.bench.feed.messages.empty())
    assert led.asked() == ["connect", "warm", "receive"]
    assert led.errors() == []
    assert led.bench.path() == ["idle", "starting", "warming", "active"]


def test_who_is_paused_is_stopped_at_once(led: Led) -> None:
    led.served(led.reins.pause(ADA))
    assert led.bench.stop() is None
    assert led.bench.is_released()


def test_what_is_asked_in_a_row_is_done_in_that_order(led: Led) -> None:
    led.remade = [ScriptedFeed(led.bench.instance)]
    tickets = [led.reins.pause(ADA), led.reins.renew(), led.reins.resume()]
    for ticket in tickets:
        led.served(ticket)
    assert led.reins.paused is None
    assert led.remade == []


def test_a_renewal_goes_on_with_the_feed_that_is_made_now(led: Led) -> None:
    after = ScriptedFeed(led.bench.instance)
    after.symbols = ["A", "B", "C"]
    led.remade = [after]
    led.served(led.reins.renew())
    assert led.asked(after)[:2] == ["connect", "warm"]
    assert led.bench.feed.closed.is_set()
    assert led.bench.instance.status().symbol_count == 3
    assert led.errors() == []


def test_a_feed_that_cannot_be_made_leaves_the_one_that_works(led: Led) -> None:
    led.asked()
    led.remade = [PerseusError("no symbols")]
    with pytest.raises(PerseusError, match="no symbols"):
        led.served(led.reins.renew())
    eventually(lambda: led.asked()[:2] == ["connect", "warm"])
    assert led.errors() == []


@pytest.mark.parametrize("step", ["connect", "warm"])
def test_a_new_feed_that_cannot_be_connected_gives_way_to_the_one_before(led: Led, step: str) -> None:
    led.asked()
    bad = ScriptedFeed(led.bench.instance)
    bad.failing = {step: PerseusError("NOSUCH is not listed")}
    led.remade = [bad]
    with pytest.raises(PerseusError, match="NOSUCH"):
        led.served(led.reins.renew())
    eventually(lambda: led.asked()[:2] == ["connect", "warm"])
    assert bad.closed.is_set()
    eventually(lambda: led.errors() == ["not reloaded, goes on as before: NOSUCH is not listed"])
    led.bench.feed.failing = {"receive": PerseusError("final")}
    led.bench.feed.messages.put(PerseusError("final"))
    assert isinstance(led.bench.end(), PerseusError)


def test_a_new_feed_that_only_fails_for_now_is_tried_again(led: Led, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    after = ScriptedFeed(led.bench.instance)
    after.failing = {"connect": OSError("no route"), "warm": OSError("no history")}
    led.remade = [after]
    led.served(led.reins.renew())
    assert led.asked(after)[:5] == ["connect", "connect", "warm", "connect", "warm"]


SILENT = StoreUnavailable("127.0.0.1:6379", "it is silent")


@pytest.mark.parametrize("step", ["connect", "warm"])
def test_who_goes_on_while_the_store_is_silent_waits_for_it_and_logs_no_traceback(
    led: Led, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: str
) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    led.served(led.reins.pause(ADA))
    led.asked()
    led.bench.feed.failing = {step: SILENT}
    led.served(led.reins.resume())
    assert led.asked().count(step) == 2
    (told,) = [record for record in caplog.records if "the feed failed" in record.message]
    assert told.exc_info is None
    assert told.message.endswith(f" s. {SILENT}")
    assert led.bench.path() == ["idle", "starting", "warming", "active"]


@pytest.mark.parametrize("step", ["connect", "warm"])
def test_a_feed_made_anew_while_the_store_is_silent_waits_for_it(
    led: Led, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The one before it would have to wait as well, and the outcome tells of the one that was asked for."""
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    after = ScriptedFeed(led.bench.instance)
    after.failing = {step: SILENT}
    led.asked()
    led.remade = [after]
    led.served(led.reins.renew())
    assert led.asked(after).count(step) == 2
    assert led.asked() == []


def test_a_feed_that_cannot_be_made_while_the_store_is_silent_leaves_the_one_that_waits(
    led: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 0.001)
    led.asked()
    led.remade = [SILENT]
    led.bench.feed.failing = {"connect": SILENT}
    with pytest.raises(StoreUnavailable):
        led.served(led.reins.renew())
    asked: list[str] = []

    def is_warm() -> bool:
        asked.extend(led.asked())
        return asked == ["connect", "connect", "warm"]

    eventually(is_warm)
    assert led.bench.instance.state == "active"


def test_who_waits_for_the_store_ends_at_once_when_asked_to(led: Led, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.ingest.backoff.FIRST_SECONDS", 30.0)
    led.bench.feed.failing = {"connect": SILENT}
    led.served(led.reins.pause(ADA))
    led.reins.resume()
    eventually(lambda: led.errors() != [])
    assert led.bench.stop() is None
    assert led.bench.is_released()


def test_who_waits_can_be_called_off(led: Led) -> None:
    hanging = ScriptedFeed(led.bench.instance)
    hanging.blocking = {"warm"}
    led.remade = [hanging]
    ticket = led.reins.renew()

    def look() -> None:
        if hanging.asked.qsize() == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        led.reins.await_served(ticket, look)
    led.served(led.reins.pause(ADA))
    assert hanging.closed.is_set()

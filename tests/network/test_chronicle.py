"""The histories of all exchanges: the whole log once, then what is new, and nothing while nobody watches."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from perseus import keys
from perseus.clock import SystemClock
from perseus.network.exchange import Exchange
from perseus.network.log import chronicle, follower
from perseus.network.log.chronicle import Chronicle
from perseus.network.log.spans import Change
from perseus.network.log.uptime import DAY_MS
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.redis_process import RedisProcess

COINBASE, BINANCE = Exchange(1, "coinbase", ""), Exchange(2, "binance", "")


def write(client: Client, exchange: Exchange, at_ms: int, state: str) -> None:
    client.xadd(keys.activity(exchange.name), {"event": "state_transition", "toState": state}, id=f"{at_ms}-0")


def now(client: Client) -> int:
    seconds, micros = client.time()
    return int(seconds) * 1000 + int(micros) // 1000


def test_it_reads_the_log_once_and_then_what_is_new(client: Client) -> None:
    known = Chronicle(client, lambda: [COINBASE, BINANCE], SystemClock())
    now_ms = now(client)
    write(client, COINBASE, now_ms - 5_000, "starting")
    assert known.of(COINBASE) is None
    known.refresh()
    first = known.of(COINBASE)
    assert first is not None
    assert first.changes == (Change(now_ms - 5_000, "starting"),)
    known.refresh()
    assert known.of(COINBASE) is first
    write(client, COINBASE, now_ms - 1_000, "active")
    known.refresh()
    grown = known.of(COINBASE)
    assert grown is not None
    assert grown.changes == (*first.changes, Change(now_ms - 1_000, "active"))
    empty = known.of(BINANCE)
    assert empty is not None
    assert empty.changes == ()


def test_what_held_before_the_month_began_is_known(client: Client) -> None:
    now_ms = now(client)
    write(client, COINBASE, now_ms - 60 * DAY_MS, "starting")
    write(client, COINBASE, now_ms - 50 * DAY_MS, "active")
    known = Chronicle(client, lambda: [COINBASE], SystemClock())
    known.refresh()
    history = known.of(COINBASE)
    assert history is not None
    (only,) = history.changes
    assert only.state == "active"
    assert abs(only.at_ms - (now_ms - chronicle.KEPT_MS)) < 60_000


def test_a_long_log_is_read_in_parts_and_only_then_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "AT_ONCE", 10)
    now_ms = now(client)
    for at in range(45):
        write(client, COINBASE, now_ms - 50_000 + at * 1_000, "active" if at % 2 else "offline")
    known = Chronicle(client, lambda: [COINBASE], SystemClock())
    known.refresh()
    history = known.of(COINBASE)
    assert history is not None
    assert len(history.changes) == 45


def test_an_exchange_that_is_switched_off_is_forgotten(client: Client) -> None:
    exchanges = [COINBASE]
    known = Chronicle(client, lambda: exchanges, SystemClock())
    known.refresh()
    exchanges.clear()
    known.refresh()
    assert known.of(COINBASE) is None


def test_a_log_of_another_type_is_no_data(client: Client) -> None:
    client.set(keys.activity("coinbase"), "junk")
    known = Chronicle(client, lambda: [COINBASE], SystemClock())
    known.refresh()
    history = known.of(COINBASE)
    assert history is not None
    assert history.changes == ()


def test_its_thread_reads_when_somebody_asks(client: Client) -> None:
    write(client, COINBASE, now(client) - 1_000, "active")
    known = Chronicle(client, lambda: [COINBASE], SystemClock())
    known.start()
    try:
        give_up = time.monotonic() + 10
        while known.of(COINBASE) is None:
            assert time.monotonic() < give_up
            time.sleep(0.01)
    finally:
        known.stop()


def test_nobody_who_watches_means_no_reads(client: Client, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "EVERY_SECONDS", 0.01)
    reads = threading.Semaphore(0)

    def exchanges() -> list[Exchange]:
        reads.release()
        return [COINBASE]

    known = Chronicle(client, exchanges, clock)
    known.start()
    try:
        assert not reads.acquire(timeout=0.1)
        known.of(COINBASE)
        assert reads.acquire(timeout=10)
        assert reads.acquire(timeout=10)
        clock.seconds += chronicle.WATCHED_SECONDS
        assert any(not reads.acquire(timeout=0.3) for _ in range(30)), "it reads on, thirty times as often as it may"
        known.of(COINBASE)
        assert reads.acquire(timeout=10)
    finally:
        known.stop()


def test_a_store_that_falls_silent_is_logged_once_and_read_again_when_it_is_back(
    own_server: RedisProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chronicle, "EVERY_SECONDS", 0.01)
    reads = threading.Semaphore(0)

    def exchanges() -> list[Exchange]:
        reads.release()
        return [COINBASE]

    def read(times: int) -> None:
        for _ in range(times):
            assert reads.acquire(timeout=10)

    with connect(own_server.url, timeout=0.2, name="test") as client, own_server.client() as writer:
        known = Chronicle(client, exchanges, SystemClock())
        known.start()
        try:
            known.of(COINBASE)
            read(2)
            own_server.kill()
            caplog.set_level(logging.INFO, follower.__name__)
            read(20)
            own_server.start()
            write(writer, COINBASE, now(writer) - 1_000, "active")
            give_up = time.monotonic() + 10
            while not (history := known.of(COINBASE)) or not history.changes:
                assert time.monotonic() < give_up
                time.sleep(0.01)
        finally:
            known.stop()
    told = [record.message for record in caplog.records if record.name == follower.__name__]
    assert told[0].startswith("Time lines and uptimes are shown as they were last known: The data store at")
    assert told[1:] == ["Time lines and uptimes can be read again."]

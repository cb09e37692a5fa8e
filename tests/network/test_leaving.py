"""How long a stop waits for a store that is silent, what it still writes once that answers, and what it says of it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import cast

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.leasing.claims import Claims, Granted
from perseus.network.leasing.lease import Lease, Timing
from perseus.network.leaving import Leaving
from perseus.settings import Settings
from tests.conftest import ManualClock, short
from tests.instances import Party, events, last_record_of, moves, payload_of, walk
from tests.redis_process import RedisProcess

STOP = 5.0
TIMING = Timing(heartbeat=15.0, ttl=45.0, margin=10.0, stop=STOP, retry=2.5)
ENDS_BY_ITSELF = "its lease could not be released and ends by itself, at most 9 s after the data store answers again"


@pytest.fixture
def server(own_server: RedisProcess) -> RedisProcess:
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
    return own_server


@pytest.fixture
def calm(tmp_path: Path) -> Settings:
    """Times that a store can be silent for in a test, and that leave room on a slow machine."""
    times = {"heartbeat_seconds": 2.0, "ttl_seconds": 9.0, "margin_seconds": 4.0, "stop_seconds": 3.5}
    return short(tmp_path, **times, retry_seconds=0.5, store_timeout_seconds=1.0)


def leaving(clock: ManualClock) -> Leaving:
    lease = Lease("n" * 32, "run", TIMING, Granted("7", 0, 45_000), clock.elapsed())
    return Leaving(lease, cast(Claims, None), "kraken", clock)


def test_a_stop_waits_for_the_store_in_what_is_left_of_its_time(clock: ManualClock) -> None:
    one = leaving(clock)
    one.begin()
    assert one.with_log == one.with_lease == pytest.approx(0.35 * STOP)
    late = leaving(clock)
    late.asked()
    clock.advance(1.0)
    late.asked()
    late.begin()
    assert late.with_log == late.with_lease == pytest.approx((0.7 * STOP - 1.0) / 2)


def test_work_that_took_long_to_end_leaves_a_little_all_the_same(clock: ManualClock) -> None:
    one = leaving(clock)
    one.asked()
    clock.advance(0.75 * STOP)
    one.begin()
    assert one.with_log == one.with_lease == pytest.approx(0.2 * STOP)


def test_a_store_that_answers_again_within_the_stop_time_gets_the_events_and_the_lease(
    party: Party, server: RedisProcess, calm: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    instance = walk(party.join(server.url, calm))
    server.freeze()
    thaw = threading.Timer(0.55 * calm.stop_seconds, server.thaw)
    thaw.start()
    began = time.monotonic()
    instance.stop("done")
    assert time.monotonic() - began < calm.stop_seconds
    thaw.join()
    with party.client(server.url) as there:
        assert moves(there)[3:] == ["active>stopping", "stopping>stopped"]
        assert payload_of(there) is None
        assert last_record_of(there)["closed"] == "1"
        walk(party.join(server.url, calm, home="b"))
        assert "offline" not in str(events(there))
    assert instance.unreleased == ""
    assert "could not be" not in caplog.text


def test_an_event_that_waits_for_its_next_try_is_tried_once_a_heartbeat_was_answered(
    party: Party, real_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"heartbeat_seconds": 3.0, "ttl_seconds": 11.0, "margin_seconds": 4.0, "stop_seconds": 2.5}
    instance = walk(party.join(real_store, short(tmp_path, **times, retry_seconds=2.4)))

    def append(*_: object, **__: object) -> str:
        monkeypatch.undo()
        raise StoreUnavailable("here", "it did not answer in time")

    monkeypatch.setattr(instance._activity, "append", append)
    instance.stop("done")
    assert moves(party.client(real_store))[3:] == ["active>stopping", "stopping>stopped"]


def test_a_lease_that_was_not_released_is_said_to_end_by_itself(
    party: Party, server: RedisProcess, calm: Settings
) -> None:
    instance = walk(party.join(server.url, calm))
    assert instance.unreleased == ""
    server.freeze()
    began = time.monotonic()
    instance.stop("done")
    assert time.monotonic() - began < calm.stop_seconds
    assert instance.unreleased == ENDS_BY_ITSELF
    server.thaw()


def test_a_lease_that_another_has_by_now_is_said_to_be_gone(party: Party, real_store: str, settings: Settings) -> None:
    instance = walk(party.join(real_store, settings))
    there = party.client(real_store)
    there.delete(keys.status(instance.exchange.id), keys.last_record(instance.exchange.id))
    party.join(real_store, settings, home="b")
    instance.stop("over")
    assert instance.unreleased in ("its lease was no longer its own", "its lease had ended before")

"""A store that is away, was restarted, or is another than before: unknown, never a false death, never an exception."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.view.directory import Condition, Directory
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.network.network_keys import ALL, X1, put_last, put_live
from tests.redis_process import RedisProcess


@pytest.fixture
def brittle(own_server: RedisProcess) -> Iterator[tuple[Directory, Client, ManualClock]]:
    clock = ManualClock()
    with connect(own_server.url, timeout=0.3, name="t") as client:
        client.set(keys.INITIALISED, "kept")
        yield Directory(client, lambda: ALL, clock), client, clock


def test_a_store_that_is_away_gives_what_was_last_known_as_unknown(
    own_server: RedisProcess, brittle: tuple[Directory, Client, ManualClock]
) -> None:
    directory, client, clock = brittle
    put_live(client, X1)
    client.xadd(keys.activity("x1"), {"event": "error"})
    before = directory.view()
    own_server.kill()
    clock.advance(7)
    after = directory.view()
    assert {status.condition for status in after.exchanges} == {Condition.UNKNOWN}
    assert [status.exchange for status in after.exchanges] == list(ALL)
    first = after.exchanges[0]
    assert first.status == before.exchanges[0].status
    assert (first.live, first.heartbeat_age_ms, first.lease_left_ms) == (False, None, None)
    assert (after.events, after.older) == (before.events, None)
    assert (after.store.answers, "does not answer" in (after.store.reason or "")) == (False, True)
    assert after.now_ms == before.now_ms + 7_000


def test_a_store_that_never_answered_gives_unknown_exchanges_without_facts(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, _, clock = brittle
    own_server.kill()
    view = directory.view()
    assert [(status.exchange, status.condition, status.status) for status in view.exchanges] == [
        (exchange, Condition.UNKNOWN, None) for exchange in ALL
    ]
    assert view.now_ms == clock.wall_ms()
    assert not directory.store_state().answers


def test_a_frozen_store_holds_a_view_up_no_longer_than_its_time_out(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, _, _ = brittle
    own_server.freeze()
    assert not directory.view().store.answers
    own_server.thaw()
    assert directory.view().store.answers


def test_asked_for_one_exchange_or_the_log_a_store_that_is_away_is_an_error(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, _, _ = brittle
    own_server.kill()
    for ask in (lambda: directory.exchange(1), lambda: directory.activity(50)):
        with pytest.raises(StoreUnavailable):
            ask()


def test_a_store_that_restarted_proves_no_death_for_one_ttl(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, client, clock = brittle
    put_last(client, X1, 60_000)
    directory.view()
    own_server.kill()
    own_server.start()
    assert directory.view().exchanges[0].condition is Condition.UNKNOWN
    clock.advance(44)
    assert directory.view().exchanges[0].condition is Condition.UNKNOWN


def test_a_store_that_goes_away_is_logged_once_until_it_is_back(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    directory, _, _ = brittle
    for expected in (1, 2):
        own_server.kill()
        for _ in range(3):
            directory.view()
        assert caplog.text.count("The last known network is shown as unknown: ") == expected
        own_server.start()
        for _ in range(3):
            assert directory.view().store.answers
        assert caplog.text.count("The data store answers: ") == expected


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    """A real one: the stand-in says nothing of itself."""
    with connect(real_store, timeout=2, name="test") as client:
        yield client


class Told:
    """What INFO says of the store."""

    def __init__(self, client: Client) -> None:
        self.info: object = {"run_id": "first", "uptime_in_seconds": 90_000}
        client.set_response_callback("INFO", lambda *_, **__: self.info)


def test_another_server_behind_the_same_address_proves_no_death_for_one_ttl(client: Client, clock: ManualClock) -> None:
    """After a failover the replica has been up for days, and may lack the newest leases."""
    told, directory = Told(client), Directory(client, lambda: ALL, clock)
    put_last(client, X1, 60_000)
    assert directory.view().exchanges[0].condition is Condition.OFFLINE
    told.info = {"run_id": "second", "uptime_in_seconds": 90_000}
    seen = []
    for seconds in (0, 44.9, 0.1):
        clock.advance(seconds)
        view = directory.view()
        seen.append((view.store.restarted_ms_ago, view.exchanges[0].condition))
    assert seen == [(0, Condition.UNKNOWN), (44_900, Condition.UNKNOWN), (45_000, Condition.OFFLINE)]


def test_the_same_server_stays_the_same(client: Client, clock: ManualClock) -> None:
    Told(client)
    directory = Directory(client, lambda: ALL, clock)
    assert [directory.view().store.restarted_ms_ago for _ in range(2)] == [90_000_000] * 2


@pytest.mark.parametrize("info", [{}, {"uptime_in_seconds": 1}, "nothing", redis.exceptions.ResponseError("NOPERM")])
def test_a_store_that_does_not_say_since_when_it_runs_is_believed(
    client: Client, clock: ManualClock, info: object
) -> None:
    Told(client).info = info
    put_last(client, X1, 60_000)
    view = Directory(client, lambda: ALL, clock).view()
    assert (view.store.restarted_ms_ago, view.exchanges[0].condition) == (None, Condition.OFFLINE)


@pytest.mark.parametrize(
    "error", [redis.exceptions.BusyLoadingError("loading"), redis.exceptions.NoPermissionError("no GET for you")]
)
def test_an_error_about_the_whole_store_is_no_error_about_one_exchange(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    directory = Directory(client, lambda: ALL)
    execute = redis.client.Pipeline.execute

    def spoilt(pipeline: redis.client.Pipeline, raise_on_error: bool = True) -> list[object]:
        return [*execute(pipeline, raise_on_error)[:-1], error]

    monkeypatch.setattr(redis.client.Pipeline, "execute", spoilt)
    view = directory.view()
    assert not view.store.answers
    assert {status.condition for status in view.exchanges} == {Condition.UNKNOWN}

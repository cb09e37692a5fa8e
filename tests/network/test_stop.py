"""How an instance stops: in order, in time, once, and with nothing left behind."""

from __future__ import annotations

import threading
import time

import pytest

from perseus import keys
from perseus.errors import LeaseLost, StopRequested
from perseus.network.instance import Instance
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN
from tests.instances import (
    Party,
    Recorder,
    events,
    eventually,
    last_record_of,
    moves,
    own_threads,
    payload_of,
    walk,
)
from tests.redis_process import RedisProcess


@pytest.fixture
def server(own_server: RedisProcess) -> RedisProcess:
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
    return own_server


def stop_in_time(instance: Instance, settings: Settings) -> None:
    """Stop it, and see that all of it is over within the time that the settings give."""
    began = time.monotonic()
    instance.stop("done")
    assert time.monotonic() - began < settings.stop_seconds
    eventually(lambda: own_threads() == [], settings.store_timeout_seconds + 0.3)


def test_a_stop_of_a_store_that_refuses_writes_tells_that_as_the_reason(
    party: Party, server: RedisProcess, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    instance = walk(party.join(server.url, settings))
    with server.client() as admin:
        admin.config_set("min-replicas-to-write", 1)
    instance.stop("done")
    (said,) = [line.getMessage() for line in caplog.records if "could not be released" in line.getMessage()]
    assert said.startswith("kraken could not be released and ends by itself: The data store at 127.0.0.1:")
    assert "refuses writes: NOREPLICAS" in said
    assert "no heartbeat is answered" not in caplog.text


@pytest.mark.parametrize(
    ("walked", "stopped"),
    [
        ((), []),
        ((State.STARTING,), ["starting>stopping", "stopping>stopped"]),
        ((State.STARTING, State.WARMING), ["warming>stopping", "stopping>stopped"]),
        ((State.STARTING, State.WARMING, State.ACTIVE), ["active>stopping", "stopping>stopped"]),
    ],
    ids=["idle", "starting", "warming", "active"],
)
def test_a_stop_walks_to_stopped_where_allowed_then_releases_then_ends_its_threads(
    party: Party,
    store: str,
    client: Client,
    settings: Settings,
    walked: tuple[State, ...],
    stopped: list[str],
) -> None:
    observer = Recorder()
    instance = party.join(store, settings, observer=observer)
    for state in walked:
        instance.transition(state, "test")
    stop_in_time(instance, settings)
    assert own_threads() == []
    assert moves(client)[len(walked) :] == stopped
    assert payload_of(client) is None
    record = last_record_of(client)
    assert (record["closed"], record["reason"], record["token"]) == ("1", "done", instance.token)
    assert observer.told[-1] == ("deregistered", "done")
    assert [event["reason"] for event in events(client)[len(walked) :]] == ["done"] * len(stopped)


def test_the_lease_is_held_until_stopped_is_in_the_log(party: Party, real_store: str, settings: Settings) -> None:
    """Seen by the server: nobody can begin before the end of this one is written."""
    instance = walk(party.join(real_store, settings))
    client = party.client(real_store)
    with client.monitor() as monitor:
        instance.stop("done")
        client.echo("end")
        seen = []
        for command in monitor.listen():
            text = command["command"]
            if text.upper().startswith("XADD"):
                seen.append("stopped" if "toState stopped" in text else "stopping")
            if text.upper().startswith("DEL "):
                seen.append("released")
            if text.upper().startswith("ECHO"):
                break
    assert seen == ["stopping", "stopped", "released"]


def test_a_stop_of_a_frozen_store_ends_in_time(server: RedisProcess, party: Party, settings: Settings) -> None:
    instance = walk(party.join(server.url, settings))
    server.freeze()
    stop_in_time(instance, settings)
    assert instance.state is State.STOPPED
    server.thaw()


def test_a_stop_of_a_store_that_is_gone_ends_in_time(server: RedisProcess, party: Party, settings: Settings) -> None:
    instance = walk(party.join(server.url, settings))
    server.kill()
    stop_in_time(instance, settings)
    assert instance.state is State.STOPPED


def test_a_stop_does_not_wait_for_a_transition_of_another_thread_that_hangs(
    server: RedisProcess, party: Party, settings: Settings
) -> None:
    instance = walk(party.join(server.url, settings), State.STARTING)
    server.freeze()
    raised: list[Exception] = []

    def move() -> None:
        try:
            instance.transition(State.WARMING, "test")
        except StopRequested as error:
            raised.append(error)

    mover = threading.Thread(target=move)
    mover.start()
    eventually(lambda: instance._journal._outbox._waiting)
    stop_in_time(instance, settings)
    mover.join(5)
    assert len(raised) == 1
    server.thaw()


def test_stopping_again_from_anywhere_does_nothing(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    observer = Recorder()
    instance = walk(party.join(store, settings, observer=observer))
    stoppers = [threading.Thread(target=instance.stop, args=(f"by {number}",)) for number in range(8)]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join(5)
    instance.stop("once more")
    assert moves(client)[3:] == ["active>stopping", "stopping>stopped"]
    assert len(observer.of("deregistered")) == 1


def test_an_instance_that_has_stopped_may_not_act(party: Party, store: str, settings: Settings) -> None:
    instance = walk(party.join(store, settings))
    instance.stop("done")
    assert not instance.valid()
    with pytest.raises(LeaseLost, match="the instance has stopped"):
        instance.guard()


def test_what_comes_too_late_does_not_bring_a_released_lease_back(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    """As an address that is found after the stop, or an error of a thread that ends late."""
    instance = walk(party.join(store, settings))
    instance.stop("done")
    instance.set_ip("198.51.100.1")
    instance.set_symbols(3)
    instance.report_error("late")
    eventually(lambda: not own_threads())
    assert payload_of(client) is None
    assert last_record_of(client)["closed"] == "1"
    assert moves(client)[-1] == "stopping>stopped"


def test_an_instance_that_lost_its_lease_stops_without_touching_the_store(
    party: Party, real_store: str, settings: Settings
) -> None:
    instance = walk(party.join(real_store, settings))
    client = party.client(real_store)
    client.delete(keys.status(KRAKEN.id), keys.last_record(KRAKEN.id))
    other = party.join(real_store, settings, home="b")
    instance.set_ip("192.0.2.9")
    eventually(lambda: not instance.valid())
    instance.stop("over")
    assert own_threads() == ["activity", "heartbeat", "warden"], "only those of the other are left"
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active"]
    assert payload_of(client).fencing_token == other.token  # type: ignore[union-attr]


def test_leaving_the_block_stops_in_order(party: Party, store: str, client: Client, settings: Settings) -> None:
    with party.join(store, settings) as instance:
        walk(instance)
    assert instance.state is State.STOPPED
    assert moves(client)[3:] == ["active>stopping", "stopping>stopped"]
    assert payload_of(client) is None


def test_counted_errors_are_written_before_the_end(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    instance = walk(party.join(store, settings))
    for _ in range(5):
        instance.report_error("broken")
    instance.stop("done")
    errors = [event for event in events(client) if event["event"] == "error"]
    assert [event["count"] for event in errors] == ["1", "4"]

"""An instance from its claim on: what it logs, says, refuses and tells."""

from __future__ import annotations

import threading

import pytest

from perseus import keys
from perseus.clock import parse_iso
from perseus.errors import InvalidTransition, LeaseLost, LeaseRefused, StopRequested
from perseus.network.identity import Identity
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN
from tests.instances import Party, Recorder, events, eventually, moves, own_threads, payload_of, walk
from tests.redis_process import RedisProcess

pytestmark = pytest.mark.everywhere


def test_a_walk_to_active_is_in_the_log_and_in_the_payload_and_told(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    observer = Recorder()
    instance = party.join(store, settings, observer=observer)
    walk(instance)
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active"]
    status = payload_of(client)
    assert status is not None
    assert (status.connection_state, status.instance_id) == (State.ACTIVE, instance.instance_id)
    assert [detail[:2] for detail in observer.of("state_changed")] == [  # type: ignore[index]
        ("idle", "starting"),
        ("starting", "warming"),
        ("warming", "active"),
    ]
    for event in events(client):
        assert event["fencingToken"] == instance.token
        assert event["instanceId"] == instance.instance_id
        assert (event["hostname"], event["ip"], event["adminEmail"]) == ("host-a", "192.0.2.7", "ann@example.org")


def test_connected_at_is_set_on_entering_active_and_not_before(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    instance = party.join(store, settings)
    walk(instance, State.STARTING, State.WARMING)
    assert payload_of(client).connected_at is None  # type: ignore[union-attr]
    walk(instance, State.ACTIVE)
    status = payload_of(client)
    assert status is not None
    assert status.connected_at == status.last_state_change


@pytest.mark.not_on("cluster", why="it watches one server's MONITOR; log and payload are on two nodes there")
def test_the_event_is_in_the_log_before_the_state_is_in_the_payload(
    party: Party, real_store: str, settings: Settings
) -> None:
    """Seen by the server, for every state of work: so a crash in between leaves a trace."""
    instance = party.join(real_store, settings)
    client = party.client(real_store)
    with client.monitor() as monitor:
        walk(instance)
        client.echo("done")
        seen: list[str] = []
        for command in monitor.listen():
            text = command["command"]
            for state in ("starting", "warming", "active"):
                if text.upper().startswith("XADD") and f"toState {state}" in text:
                    seen.append(f"event {state}")
                if text.upper().startswith("SET ") and f'"connectionState":"{state}"' in text.replace("\\", ""):
                    seen.append(f"payload {state}")
            if text.upper().startswith("ECHO"):
                break
    first = list(dict.fromkeys(seen))
    assert first == [f"{what} {state}" for state in ("starting", "warming", "active") for what in ("event", "payload")]


def test_a_state_is_not_entered_while_its_event_cannot_be_written(
    party: Party, own_server: RedisProcess, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
    instance = party.join(own_server.url, settings)
    own_server.freeze()
    mover = threading.Thread(target=walk, args=(instance, State.STARTING))
    mover.start()
    eventually(lambda: "Events wait for the activity log" in caplog.text)
    assert instance.state is State.IDLE
    own_server.thaw()
    mover.join(5)
    assert instance.state is State.STARTING
    with own_server.client() as client:
        assert moves(client) == ["idle>starting"]


def test_a_state_that_may_not_follow_is_refused_and_nothing_is_written(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    instance = walk(party.join(store, settings))
    with pytest.raises(InvalidTransition, match=r"from active to warming.*may go to: stopping"):
        instance.transition(State.WARMING, "backwards")
    assert len(events(client)) == 3
    assert instance.state is State.ACTIVE


def test_a_state_of_work_is_refused_when_a_stop_was_asked_for(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    with party.join(store, settings) as instance:
        walk(instance, State.STARTING)
        instance.request_stop("SIGTERM")
        instance.transition(State.WARMING, "test")
        pytest.fail("it went on")  # pragma: no cover
    assert instance.state is State.STOPPED
    assert moves(client) == ["idle>starting", "starting>stopping", "stopping>stopped"]
    assert events(client)[-1]["reason"] == "SIGTERM"


def test_a_state_of_work_is_refused_without_a_valid_lease_and_nothing_is_written(
    party: Party, real_store: str, settings: Settings
) -> None:
    instance = walk(party.join(real_store, settings), State.STARTING)
    client = party.client(real_store)
    client.set(keys.status(KRAKEN.id), '{"instanceId": "somebody else"}')
    instance.set_ip("192.0.2.9")
    eventually(lambda: not instance.valid())
    with pytest.raises(LeaseLost):
        instance.transition(State.WARMING, "test")
    assert moves(client) == ["idle>starting"]


def test_a_second_claim_names_the_holder_and_is_told(party: Party, store: str, settings: Settings) -> None:
    first = party.join(store, settings)
    observer = Recorder()
    with pytest.raises(LeaseRefused, match=r"held by host-a \(IP 192\.0\.2\.7\), since .*Z, state idle") as refusal:
        party.join(store, settings, home="b", observer=observer, identity=Identity("host-b"))
    assert observer.of("refused") == [refusal.value.holder]
    assert refusal.value.holder.connected_at == first.status().registered_at
    walk(first)
    with pytest.raises(LeaseRefused) as later:
        party.join(store, settings, home="b", identity=Identity("host-b"))
    assert later.value.holder.connected_at == first.status().connected_at
    assert 0 < later.value.holder.seconds_left <= settings.ttl_seconds
    assert len(own_threads()) == 3


def test_what_an_instance_says_of_itself_is_in_its_payload(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    instance = walk(party.join(store, settings))
    instance.set_symbols(12)
    instance.set_fields({"feed": "synthetic", "messageCount": 7})
    instance.heard()
    instance.set_ip("198.51.100.1")
    status = eventually(lambda: (found := payload_of(client)) and found.ip_address == "198.51.100.1" and found)
    assert (status.symbol_count, status.fields) == (12, {"feed": "synthetic", "messageCount": 7})
    assert abs(parse_iso(status.last_message_at) - parse_iso(status.last_heartbeat)) < 2_000


def test_no_messages_are_no_life_sign(party: Party, real_store: str, settings: Settings) -> None:
    instance = party.join(real_store, settings)
    instance.heard(0)
    assert instance.status().last_message_at is None


def test_a_stop_that_is_asked_for_ends_an_unfinished_start_without_an_error(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    def start() -> None:
        with party.join(store, settings) as instance:
            instance.request_stop("SIGINT")
            raise StopRequested(KRAKEN.name, "SIGINT")

    start()
    assert moves(client) == []
    assert payload_of(client) is None

"""How long an instance may act, who is told when it may not, and what disturbs none of it."""

from __future__ import annotations

import threading
import time

import pytest

from perseus import keys
from perseus.clock import parse_iso
from perseus.errors import LeaseLost
from perseus.network.identity import Identity
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import now_ms
from tests.conftest import KRAKEN
from tests.instances import Party, Recorder, beaten, eventually, moves, payload_of, walk
from tests.redis_process import RedisProcess


def test_a_lost_lease_is_told_once_and_guards_raise_with_the_holder(
    party: Party, real_store: str, settings: Settings
) -> None:
    observer = Recorder()
    instance = walk(party.join(real_store, settings, observer=observer))
    client = party.client(real_store)
    client.delete(keys.status(KRAKEN.id), keys.last_record(KRAKEN.id))
    other = party.join(real_store, settings, home="b", identity=Identity("host-b", ip_address="192.0.2.99"))
    instance.set_ip("192.0.2.9")
    eventually(lambda: observer.of("lease_lost"))
    with pytest.raises(LeaseLost, match=r"another instance holds it\. It is now held by host-b") as loss:
        instance.guard()
    assert loss.value.holder is not None
    assert loss.value.holder.ip_address == "192.0.2.99"
    with pytest.raises(LeaseLost):
        instance.wait_valid()
    assert instance.is_over
    instance.stop("over")
    assert observer.of("lease_lost") == ["another instance holds it"]
    assert other.valid()


def test_an_outage_shorter_than_the_lease_is_told_as_late_lost_and_regained_once_each(
    party: Party, own_server: RedisProcess, settings: Settings
) -> None:
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
        observer = Recorder()
        instance = walk(party.join(own_server.url, settings, observer=observer))
        own_server.freeze()
        eventually(lambda: observer.of("lease_lost"))
        with pytest.raises(LeaseLost, match=r"no heartbeat was answered for \d s"):
            instance.guard()
        assert not instance.is_over
        own_server.thaw()
        assert instance.wait_valid(5)
        eventually(lambda: observer.of("lease_regained"))
        beaten(client, 2)
        assert [name for name, _ in observer.told if "l" in name and name.startswith(("heartbeat", "lease"))] == [
            "heartbeat_late",
            "lease_lost",
            "lease_regained",
        ]
        assert instance.state is State.ACTIVE
        assert party.ended_hard == 0


def test_waiting_for_validity_ends_at_its_time_and_when_a_stop_is_asked_for(
    party: Party, real_store: str, settings: Settings
) -> None:
    party.client(real_store).flushall()
    held_off = party.join(real_store, settings)
    began = time.monotonic()
    assert not held_off.wait_valid(0.2)
    assert 0.2 <= time.monotonic() - began < 1
    threading.Timer(0.1, held_off.request_stop, ["enough"]).start()
    assert not held_off.wait_valid()
    assert time.monotonic() - began < settings.ttl_seconds


def test_no_observer_is_ever_called_on_the_heartbeats_thread(
    party: Party, own_server: RedisProcess, settings: Settings
) -> None:
    observer = Recorder()
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
    instance = walk(party.join(own_server.url, settings, observer=observer))
    instance.report_error("something")
    own_server.freeze()
    eventually(lambda: observer.of("lease_lost"))
    own_server.thaw()
    assert instance.wait_valid(5)
    instance.stop("done")
    assert {"registered", "state_changed", "error_reported", "lease_lost", "deregistered"} <= {
        name for name, _ in observer.told
    }
    assert "heartbeat" not in observer.threads


def test_heartbeats_go_on_while_an_observer_blocks(party: Party, real_store: str, settings: Settings) -> None:
    class Blocking(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.free = threading.Event()

        def error_reported(self, *_: object) -> None:
            self.free.wait(10)

    observer = Blocking()
    instance = walk(party.join(real_store, settings, observer=observer))
    client = party.client(real_store)
    blocked = threading.Thread(target=instance.report_error, args=("something",))
    blocked.start()
    try:
        longer_than_one_answer_counts = settings.ttl_seconds - settings.margin_seconds + 0.1
        time.sleep(longer_than_one_answer_counts)
        assert blocked.is_alive()
        assert instance.valid()
        assert client.pttl(keys.status(KRAKEN.id)) > 1000 * (settings.ttl_seconds - settings.heartbeat_seconds - 0.4)
    finally:
        observer.free.set()
        blocked.join(5)


def test_the_end_of_a_key_stays_a_lease_away_while_its_holder_beats(
    party: Party, real_store: str, settings: Settings
) -> None:
    walk(party.join(real_store, settings))
    client = party.client(real_store)
    give_up = time.monotonic() + 3 * settings.heartbeat_seconds
    samples = []
    while time.monotonic() < give_up:
        samples.append(client.pttl(keys.status(KRAKEN.id)) / 1000)
        time.sleep(0.02)
    assert max(samples) <= settings.ttl_seconds
    assert min(samples) > settings.ttl_seconds - settings.heartbeat_seconds - 0.4
    assert len(moves(client)) == 3, "heartbeats are never logged"


def test_a_lease_that_is_held_off_says_why_and_until_when_at_once(
    party: Party, real_store: str, settings: Settings
) -> None:
    client = party.client(real_store)
    client.flushall()
    party.join(real_store, settings.model_copy(update={"heartbeat_seconds": 60.0}))
    told = eventually(lambda: getattr(payload_of(client), "held_off", None))
    assert told.reason == "the data store may have been emptied, and an old holder may still be at work"
    left_ms = parse_iso(told.until) - now_ms(client, keys.status(KRAKEN.id))
    assert left_ms < 2_500


def test_a_lease_that_was_held_off_says_so_no_longer(party: Party, real_store: str, settings: Settings) -> None:
    client = party.client(real_store)
    client.flushall()
    instance = party.join(real_store, settings)
    assert eventually(lambda: getattr(payload_of(client), "held_off", None))
    assert instance.wait_valid(30)
    assert eventually(lambda: "heldOff" not in str(client.get(keys.status(KRAKEN.id))))


def test_a_lease_that_is_valid_at_once_says_nothing_of_a_hold_off(
    party: Party, real_store: str, settings: Settings
) -> None:
    client = party.client(real_store)
    client.set(keys.INITIALISED, "kept")
    party.join(real_store, settings)
    assert "heldOff" not in str(client.get(keys.status(KRAKEN.id)))

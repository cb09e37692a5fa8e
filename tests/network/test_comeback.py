"""What the next lease says of the one before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus import keys
from perseus.clock import parse_iso
from perseus.errors import LeaseRefused
from perseus.network.leasing.proof import RestartProof
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN, short
from tests.instances import Party, events, eventually, expire, moves, vanish, walk

# Long enough that nothing here ends by itself.
LONG = {"heartbeat_seconds": 10.0, "ttl_seconds": 32.0, "margin_seconds": 2.0}


def downtimes(client: Client) -> list[str | None]:
    return [event.get("downtimeMs") for event in events(client)]


@pytest.fixture
def long(tmp_path: Path) -> Settings:
    return short(tmp_path, **LONG)


def test_the_first_transition_after_an_unclean_end_says_how_long_nobody_was_there(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    first = walk(party.join(store, long))
    vanish(first)
    expire(client)
    walk(party.join(store, long, home="b"))
    assert moves(client)[3:] == ["active>offline", "idle>starting", "starting>warming", "warming>active"]
    away = downtimes(client)[4]
    assert away is not None
    assert 90_000 <= int(away) < 95_000
    assert downtimes(client)[5:] == [None, None]
    death = events(client)[3]
    assert (death["reason"], death["fencingToken"]) == ("lease_expired", first.token)
    assert parse_iso(death["detectedAt"]) - parse_iso(death["offlineAt"]) == pytest.approx(90_000, abs=5_000)


def test_a_restart_after_the_lease_had_ended_is_back_online_since_the_end_that_the_log_names(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    first = walk(party.join(store, long))
    vanish(first)
    expire(client)
    second = walk(party.join(store, long))
    death, start = events(client)[3:5]
    assert (death["reason"], death["fencingToken"]) == ("lease_expired", first.token)
    claimed_ms = parse_iso(second.status().registered_at)
    assert int(start["downtimeMs"]) == pytest.approx(claimed_ms - parse_iso(death["offlineAt"]), abs=200)


def test_after_a_clean_end_nobody_was_missed(party: Party, store: str, client: Client, long: Settings) -> None:
    walk(party.join(store, long)).stop("done")
    walk(party.join(store, long, home="b"))
    assert moves(client)[5:] == ["idle>starting", "starting>warming", "warming>active"]
    assert downtimes(client) == [None] * 8


def test_a_restart_with_the_old_nonce_is_granted_at_once_and_says_that_the_process_before_it_ended(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    first = walk(party.join(store, long))
    vanish(first)
    second = walk(party.join(store, long))
    assert int(second.token) > int(first.token)
    assert second.valid()
    death, start = events(client)[3:5]
    assert (death["toState"], death["reason"], death["fencingToken"]) == ("offline", "restarted", first.token)
    assert (start["toState"], start["fencingToken"]) == ("starting", second.token)
    assert 0 <= int(start["downtimeMs"]) < 5_000


def test_a_second_process_of_the_same_host_and_home_does_not_take_over_a_living_one(
    party: Party, store: str, long: Settings
) -> None:
    """Same hostname, same home: only the lock on the nonce of a dead process proves a restart."""
    first = walk(party.join(store, long))
    with pytest.raises(LeaseRefused, match="held by host-a"):
        party.join(store, long)
    assert first.valid()


def test_the_same_hostname_proves_nothing(party: Party, store: str, long: Settings) -> None:
    vanish(walk(party.join(store, long)))
    with pytest.raises(LeaseRefused, match="held by host-a"):
        party.join(store, long, home="b")


def test_the_proof_of_a_restart_is_for_its_owner_alone(party: Party, real_store: str, long: Settings) -> None:
    instance = party.join(real_store, long)
    file = party.home / "a" / "instances" / "kraken.nonce"
    assert file.stat().st_mode & 0o777 == 0o600
    assert RestartProof(party.home / "a", KRAKEN.name).previous is None, "it is locked while its process lives"
    nonce = file.read_text()
    assert len(nonce) == 32
    assert nonce not in instance.status().to_json()


def test_a_lease_that_was_put_back_is_one_transition_back_to_its_state(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    instance = walk(party.join(store, long))
    client.delete(keys.status(KRAKEN.id))
    instance.set_ip("192.0.2.9")
    eventually(lambda: len(events(client)) > 3)
    instance.set_ip("192.0.2.10")
    instance.report_error("the next event")
    eventually(lambda: moves(client)[-1] == "error")
    assert moves(client)[3:] == ["offline>active", "error"]
    back = events(client)[3]
    assert (back["reason"], back["fencingToken"]) == ("lease_put_back", instance.token)
    assert 0 <= int(back["downtimeMs"]) < 5_000

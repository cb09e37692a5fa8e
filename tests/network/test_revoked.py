"""An instance whose lease was revoked, or that was told who shall be next."""

from __future__ import annotations

import pytest

from perseus.errors import LeasePending, StopRequested
from perseus.network.instance import Instance
from perseus.network.leasing.claims import RedisClaims
from perseus.store import Client
from tests.conftest import KRAKEN
from tests.instances import Party, events, eventually, last_record_of, moves, payload_of, walk


def revoke(client: Client, instance: Instance, successor: str = "target-b") -> None:
    revocation = RedisClaims(client, KRAKEN.id, 2.4, 0).revoke(instance.token, "ann@example.org", successor)
    assert revocation is not None
    assert revocation.by == ""


def test_it_is_not_valid_any_more_with_the_next_heartbeat_and_is_asked_to_stop(party: Party, real_store: str) -> None:
    client = party.client(real_store)
    instance = walk(party.join(real_store))
    revoke(client, instance)
    eventually(lambda: not instance.valid(), 2)
    eventually(instance.stop_requested.is_set, 1)
    assert instance.stop_reason == "taken over by ann@example.org"
    with pytest.raises(StopRequested):
        instance._may_work()


def test_it_gives_the_lease_back_and_both_the_log_and_the_last_record_say_why(party: Party, real_store: str) -> None:
    client = party.client(real_store)
    instance = walk(party.join(real_store))
    revoke(client, instance)
    eventually(instance.stop_requested.is_set, 2)
    assert payload_of(client) is not None, "nothing is released while its work may go on"
    instance.stop()
    assert payload_of(client) is None
    last = last_record_of(client)
    assert (last["closed"], last["reason"]) == ("1", "taken over by ann@example.org")
    assert moves(client)[-2:] == ["active>stopping", "stopping>stopped"]
    assert events(client)[-1]["reason"] == "taken over by ann@example.org"


def test_who_did_not_hear_of_it_ends_by_its_own_deadline_and_is_told_in_the_log_as_taken_over(
    party: Party, real_store: str
) -> None:
    """A frozen holder: its heartbeat does not run."""
    client = party.client(real_store)
    instance = walk(party.join(real_store))
    instance._heartbeat.stop(5)
    revoke(client, instance)
    successor = party.join_when_free(real_store, target="target-b")
    assert not instance.valid()
    assert successor.valid()
    walk(successor)
    death = next(event for event in events(client) if event.get("toState") == "offline")
    assert (death["reason"], death["fencingToken"]) == ("taken over by ann@example.org", instance.token)


def test_who_is_named_as_the_successor_may_claim_at_once_and_nobody_else(party: Party, real_store: str) -> None:
    instance = walk(party.join(real_store))
    instance.request_stop("handed over to host-b by ann", "target-b")
    instance.stop()
    with pytest.raises(LeasePending, match="kept for target-b, which takes it over, and is free in [45] s"):
        party.join(real_store, home="c")
    assert party.join(real_store, home="b", target="target-b").valid()


def test_a_signal_in_the_middle_of_a_hand_over_does_not_take_the_successor_away(party: Party, real_store: str) -> None:
    client = party.client(real_store)
    instance = walk(party.join(real_store))
    instance.request_stop("handed over to host-b by ann", "target-b")
    instance.request_stop("SIGTERM")
    instance.stop()
    assert last_record_of(client)["heir"] == "target-b"
    assert last_record_of(client)["reason"] == "handed over to host-b by ann"

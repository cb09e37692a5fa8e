"""Events that the primary had confirmed and that a promoted replica lacks: written again, or said to be missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.network.instance import Instance
from perseus.network.leasing.claims import Death
from perseus.network.log.activity import ActivityLog, death
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN
from tests.instances import Party, events, eventually, moves, walk
from tests.redis_pair import RedisPair


@pytest.fixture
def holder(pair: RedisPair, party: Party, settings: Settings) -> Instance:
    """Starting; the replica has heard of that and of nothing that comes after it."""
    holder = walk(party.join(pair.way.url, settings), State.STARTING)
    pair.wait_until_in_step()
    pair.part()
    return holder


@pytest.fixture
def client(pair: RedisPair) -> Iterator[Client]:
    with connect(pair.way.url, timeout=2, name="test") as client:
        yield client


def numbers(client: Client) -> list[int]:
    return [int(event["seq"]) for event in events(client)]


def test_the_next_event_comes_behind_those_that_were_lost_and_each_has_its_number(
    pair: RedisPair, holder: Instance, client: Client
) -> None:
    walk(holder, State.WARMING, State.ACTIVE)
    lost = events(client)
    pair.promote()
    assert moves(client) == ["idle>starting"]
    holder.report_error("after the failover")
    eventually(lambda: "error" in moves(client))
    found = events(client)
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active", "error"]
    assert [event["eventId"] for event in found[:3]] == [event["eventId"] for event in lost]
    assert [event["timestamp"] for event in found[:3]] == [event["timestamp"] for event in lost]
    assert numbers(client) == [1, 2, 3, 4]


def test_lost_events_come_back_within_a_heartbeat_though_nothing_else_happens(
    pair: RedisPair, holder: Instance, client: Client, settings: Settings
) -> None:
    walk(holder, State.WARMING, State.ACTIVE)
    pair.promote()
    eventually(lambda: len(events(client)) == 3, 2 * settings.heartbeat_seconds + 1)
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active"]


def test_the_first_entry_after_a_failover_says_so_and_no_other(
    pair: RedisPair, holder: Instance, client: Client
) -> None:
    walk(holder, State.WARMING)
    pair.promote()
    walk(holder, State.ACTIVE)
    assert [event.get("afterFailover") for event in events(client)] == [None, "1", None]


def test_what_a_dead_instance_had_written_is_said_to_be_missing(
    pair: RedisPair, holder: Instance, client: Client
) -> None:
    """Nobody has it any more. Who writes next does not know what it was; the entry tells that something may be gone."""
    last = walk(holder, State.WARMING).status()
    pair.promote()
    dead = Death(holder.token, 1, last.to_json(), "lease_expired")
    with connect(pair.way.url, timeout=2, name="watcher") as watcher:
        ActivityLog(watcher, KRAKEN, 1_000).append(death(KRAKEN, dead, 2), is_death=True)
    assert [event.get("afterFailover") for event in events(client)][-1] == "1"


def test_a_log_that_lost_nothing_is_not_written_again(pair: RedisPair, holder: Instance, client: Client) -> None:
    pair.promote()
    walk(holder, State.WARMING, State.ACTIVE)
    assert numbers(client) == [1, 2, 3]


def test_a_log_that_was_deleted_has_the_last_minutes_again(pair: RedisPair, holder: Instance, client: Client) -> None:
    client.delete(keys.activity(KRAKEN.name), keys.activity_meta(KRAKEN.name))
    walk(holder, State.WARMING)
    assert moves(client) == ["idle>starting", "starting>warming"]
    assert numbers(client) == [1, 2]

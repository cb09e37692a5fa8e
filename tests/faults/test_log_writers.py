"""Several writers of one activity log: the replaced, the dead, and those who say the same thing twice."""

from __future__ import annotations

import itertools

import pytest

from perseus import keys
from perseus.clock import StoreClock
from perseus.network import activity
from perseus.network.activity import RETENTION_MS, ActivityLog, Entry, Fenced
from perseus.network.claims import Death
from perseus.network.facts import Facts
from perseus.network.lease import Timing
from perseus.store import Client
from tests.conftest import KRAKEN, ManualClock
from tests.instances import IDENTITY, events, moves

LOG = keys.activity(KRAKEN.name)
NOW_MS = 1_790_000_000_000


@pytest.fixture
def log(client: Client) -> ActivityLog:
    return ActivityLog(client, KRAKEN, 100)


def entry(token: int, to_state: str = "starting") -> Entry:
    """One transition of the instance that holds `token`."""
    clock = StoreClock(ManualClock())
    facts = Facts(KRAKEN, IDENTITY, f"instance-{token}", 1, Timing(15, 45, 10, 5, 2.5), clock)
    facts.granted(str(token))
    return activity.transition(facts.status(), NOW_MS, "idle", to_state, "test")


def death(token: int) -> Entry:
    return activity.death(KRAKEN, Death(str(token), NOW_MS, "", "lease_expired"), NOW_MS)


def test_a_writer_that_was_replaced_is_refused_and_nothing_is_written(log: ActivityLog, client: Client) -> None:
    log.append(entry(10))
    log.append(entry(11))
    with pytest.raises(Fenced) as refusal:
        log.append(entry(10))
    assert (refusal.value.token, refusal.value.largest) == ("10", "11")
    assert [event["fencingToken"] for event in events(client)] == ["10", "11"]


def test_tokens_are_compared_as_numbers(log: ActivityLog, client: Client) -> None:
    log.append(entry(9))
    log.append(entry(10))
    assert len(events(client)) == 2


@pytest.mark.parametrize("between", [0, 1, 20], ids=["at once", "after another", "after twenty others"])
def test_the_same_event_written_twice_is_one_entry_and_gives_the_same_id(
    log: ActivityLog, client: Client, between: int
) -> None:
    once = entry(10)
    first = log.append(once)
    for _ in range(between):
        log.append(entry(10))
    assert log.append(once) == first
    assert len(events(client)) == 1 + between
    assert [event["seq"] for event in events(client)] == [str(number) for number in range(1, 2 + between)]


def test_a_death_is_written_once_however_many_write_it_and_whatever_came_in_between(
    log: ActivityLog, client: Client
) -> None:
    log.append(entry(10))
    ids = [log.append(death(10), is_death=True) for _ in range(3)]
    log.append(entry(11))
    ids.append(log.append(death(10), is_death=True))
    assert len(set(ids)) == 1
    assert moves(client) == ["idle>starting", ">offline", "idle>starting"]


def test_a_death_that_nobody_wrote_before_its_successor_began_is_not_written_behind_it(
    log: ActivityLog, client: Client
) -> None:
    log.append(entry(11))
    with pytest.raises(Fenced):
        log.append(death(10), is_death=True)
    assert moves(client) == ["idle>starting"]


def test_an_instance_whose_death_is_written_says_nothing_more(log: ActivityLog, client: Client) -> None:
    log.append(entry(10))
    log.append(death(10), is_death=True)
    with pytest.raises(Fenced):
        log.append(entry(10, "warming"))
    log.append(entry(11))
    assert moves(client) == ["idle>starting", ">offline", "idle>starting"]


def test_entries_go_at_90_days_exactly_by_the_store_s_own_clock(log: ActivityLog, client: Client) -> None:
    """`MINID ~` would keep most of a small stream for ever (measured)."""
    seconds, _ = client.time()
    edge = seconds * 1000 - RETENTION_MS
    old = [f"{edge - 60_000 + number}-0" for number in range(30)]
    young = [f"{edge + 60_000 + number}-0" for number in range(30)]
    for stream_id in itertools.chain(old, young):
        client.xadd(LOG, {"event": "something"}, id=stream_id)
    newest = log.append(entry(10))
    assert [stream_id for stream_id, _ in client.xrange(LOG)] == [*young, newest]
    assert client.hget(keys.activity_meta(KRAKEN.name), "cut_before_ms") is None


def test_a_storm_is_cut_at_the_cap_and_the_cut_is_noted(log: ActivityLog, client: Client) -> None:
    for _ in range(103):
        log.append(entry(10))
    assert [event["seq"] for event in events(client)] == [str(number) for number in range(4, 104)]
    oldest = client.xrange(LOG, count=1)[0][0]
    assert client.hget(keys.activity_meta(KRAKEN.name), "cut_before_ms") == oldest.split("-")[0]

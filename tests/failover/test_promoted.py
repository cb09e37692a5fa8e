"""A replica is promoted that lacks what the primary had confirmed last: a claim, a record, some heartbeats."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from perseus import keys
from perseus.errors import LeaseLost, LeasePending, LeaseRefused
from perseus.network.instance import Instance
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import KRAKEN, short
from tests.failover.overlap import Overlap
from tests.instances import Party, eventually, last_record_of, moves, payload_of, walk
from tests.redis_pair import RedisPair


def claimed_unheard(pair: RedisPair, party: Party, settings: Settings, way: str) -> Instance:
    """An instance at work, of whose claim the replica knows nothing."""
    pair.part()
    return walk(party.join(way, settings, home="a"))


def earlier(pair: RedisPair, party: Party, settings: Settings) -> str:
    """A lease before this one, released in order and known to both; its token."""
    instance = party.join(pair.way.url, settings, home="earlier")
    token = instance.token
    instance.stop("done")
    with pair.primary.client() as admin:
        admin.hset(keys.last_record(KRAKEN.id), "recorded_ms", 1)
    pair.wait_until_in_step()
    return token


@pytest.mark.parametrize("has_record", [True, False], ids=["released before", "never claimed before"])
def test_who_claims_where_a_claim_was_lost_is_not_valid_beside_its_holder(
    pair: RedisPair, party: Party, settings: Settings, has_record: bool
) -> None:
    """The holder is cut off with the old primary, hears nothing of the failover and works until its deadline."""
    if has_record:
        earlier(pair, party, settings)
    holder = claimed_unheard(pair, party, settings, pair.old_way.url)
    pair.old_way.cut()
    pair.promote()
    claimant = party.join(pair.way.url, settings, home="b")
    with Overlap(holder, claimant) as seen:
        assert claimant.wait_valid(2 * settings.ttl_seconds)
    assert seen.both == 0
    assert seen.last_valid[0] < seen.first_valid[1]
    assert int(claimant.token) > int(holder.token)


@pytest.mark.parametrize("has_record", [True, False], ids=["released before", "never claimed before"])
def test_a_holder_whose_claim_was_lost_puts_it_back_under_its_token(
    pair: RedisPair, party: Party, settings: Settings, has_record: bool
) -> None:
    if has_record:
        earlier(pair, party, settings)
    holder = claimed_unheard(pair, party, settings, pair.way.url)
    pair.promote()
    with connect(pair.way.url, timeout=2, name="test") as client:
        eventually(lambda: payload_of(client))
        assert last_record_of(client)["token"] == holder.token
        eventually(lambda: "offline>active" in moves(client))
    assert holder.valid()
    with pytest.raises(LeaseRefused):
        party.join(pair.way.url, settings, home="b")


def test_a_holder_who_was_put_back_releases_and_its_successor_is_valid_at_once(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """The holder has proven that no later lease was lost: nobody has to wait for one."""
    holder = walk(party.join(pair.way.url, settings, home="a"))
    pair.wait_until_in_step()
    pair.promote()
    holder.report_error("to the new primary")
    with connect(pair.way.url, timeout=2, name="test") as client:
        eventually(lambda: (found := payload_of(client)) and found.last_error)
    holder.stop("done")
    assert party.join(pair.way.url, settings, home="b").valid()


def test_a_lease_that_ran_out_on_the_new_primary_is_claimed_beside_no_late_holder(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """The replica is behind by a few heartbeats; there the lease ends earlier than the holder believes."""
    holder = walk(party.join(pair.old_way.url, settings, home="a"))
    pair.wait_until_in_step()
    pair.part()
    time.sleep(2 * settings.heartbeat_seconds)
    assert holder.valid()
    pair.promote()
    with pytest.raises((LeasePending, LeaseRefused)):
        party.join(pair.way.url, settings, home="b")
    time.sleep(settings.heartbeat_seconds)
    pair.old_way.cut()
    claimant = party.join_when_free(pair.way.url, settings, home="b")
    with Overlap(holder, claimant) as seen:
        assert claimant.wait_valid(2 * settings.ttl_seconds)
    assert seen.both == 0


def test_a_later_lease_that_was_lost_is_waited_for_although_an_older_one_is_recorded(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """It is granted at once, but counts a TTL later, whoever has claimed and released meanwhile."""
    earlier(pair, party, settings)
    pair.promote()
    began = time.monotonic()
    first = party.join(pair.way.url, settings, home="b")
    assert not first.valid()
    first.stop("not waited for")
    second = party.join(pair.way.url, settings, home="c")
    assert not second.valid()
    assert second.wait_valid(2 * settings.ttl_seconds)
    assert settings.ttl_seconds <= time.monotonic() - began < settings.ttl_seconds + 2


def test_an_instance_that_waits_after_a_failover_says_why(pair: RedisPair, party: Party, settings: Settings) -> None:
    pair.promote()
    with pytest.raises(Exception, match="failed over"):
        party.join(pair.way.url, settings).guard()


# A store that does not tell a script whether it was a replica, as a managed one may not: then the settle time decides.


@pytest.fixture
def untold(pair: RedisPair) -> RedisPair:
    for server in (pair.primary, pair.replica):
        with server.client() as admin:
            admin.execute_command("ACL", "SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all", "-info")
    return pair


def as_ann(url: str) -> str:
    return url.replace("//", "//ann:secret@")


def test_where_no_failover_is_told_of_a_claim_counts_once_it_has_outlived_the_settle_time(
    untold: RedisPair, party: Party, tmp_path: Path
) -> None:
    settings = short(tmp_path, settle_seconds=0.8)
    earlier(untold, party, short(tmp_path))
    instance = party.join(as_ann(untold.way.url), settings)
    with pytest.raises(LeaseLost, match="settle time"):
        instance.guard()
    began = time.monotonic()
    assert instance.wait_valid(2)
    assert 0.5 < time.monotonic() - began < 1.5


def test_a_claim_that_such_a_store_forgets_within_the_settle_time_never_counted(
    untold: RedisPair, party: Party, tmp_path: Path
) -> None:
    settings = short(tmp_path, settle_seconds=0.8)
    earlier(untold, party, short(tmp_path))
    untold.part()
    first = party.join(as_ann(untold.way.url), settings, home="a")
    untold.promote()
    second = party.join(as_ann(untold.way.url), settings, home="b")
    with Overlap(first, second) as seen:
        assert second.wait_valid(2 * settings.ttl_seconds)
        time.sleep(settings.heartbeat_seconds)
    assert seen.both == 0
    assert 0 not in seen.first_valid

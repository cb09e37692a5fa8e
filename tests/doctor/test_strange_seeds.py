"""A seed of a foreign Cluster in PERSEUS_REDIS_URL is found, wherever it stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.doctor.finding import Severity
from tests.doctor.conftest import Practice
from tests.redis_cluster import RedisCluster


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    rig = RedisCluster(tmp_path_factory.mktemp("foreign"))
    try:
        yield rig.start()
    finally:
        rig.kill()


def test_a_seed_of_a_foreign_cluster_is_named(
    redis_cluster: RedisCluster, cluster_store: str, foreign: RedisCluster, tmp_path: Path
) -> None:
    own, strange = (f"127.0.0.1:{rig.nodes[0].port}" for rig in (redis_cluster, foreign))
    site = Practice(cluster_store, tmp_path / "home")
    site.url = f"redis+cluster://{own},{strange}"
    found = site.finds("seed-foreign")
    assert found.seen.startswith(f"{strange} is a node of another Cluster than 127.0.0.1:")
    assert found.where == (strange,)
    site.url = f"redis+cluster://{strange},{own}"
    assert site.finds("seed-foreign", Severity.GRAVE).where == (own,)


def test_another_name_of_a_node_of_ours_is_no_foreign_seed(
    redis_cluster: RedisCluster, cluster_store: str, tmp_path: Path
) -> None:
    site = Practice(cluster_store, tmp_path / "home")
    site.url = ",".join((cluster_store, f"localhost:{redis_cluster.nodes[1].port}"))
    assert "seed-foreign" in site.examine().fine

"""In this folder the store of every test is a Redis Cluster, so that tests of others run on it unchanged."""

from __future__ import annotations

import pytest

from tests.instances import party
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess

__all__ = ["party"]


@pytest.fixture
def store(cluster_store: str) -> str:
    return cluster_store


@pytest.fixture
def real_store(cluster_store: str) -> str:
    return cluster_store


@pytest.fixture
def servers(redis_cluster: RedisCluster) -> list[RedisProcess]:
    return redis_cluster.nodes

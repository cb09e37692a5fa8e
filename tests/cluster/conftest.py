"""In this folder the client is that of a Redis Cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus.store import Client, connect
from tests.instances import party

__all__ = ["party"]


@pytest.fixture
def client(cluster_store: str) -> Iterator[Client]:
    with connect(cluster_store, timeout=2, name="test") as client:
        yield client

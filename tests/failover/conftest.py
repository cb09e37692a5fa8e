"""Stores with replicas, each a test's own: what fails over here is never used again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import keys
from tests.instances import party
from tests.redis_pair import RedisPair

__all__ = ["party"]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[RedisPair]:
    """A primary and its replica, initialised and in step; nothing fails over by itself."""
    with RedisPair(tmp_path / "pair") as pair:
        with pair.primary.client() as client:
            client.set(keys.INITIALISED, "kept")
        pair.wait_until_in_step()
        yield pair

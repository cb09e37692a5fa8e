"""A stage with short leases on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.drill.practice import practice
from perseus.drill.stage import Stage
from perseus.store import Client, connect
from tests.conftest import short


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def stage(real_store: str, client: Client, tmp_path: Path) -> Stage:
    return Stage(practice(), short(tmp_path), real_store, client, tmp_path / "drill")

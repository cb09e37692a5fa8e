"""A real store, and a program that knows nothing but the protocol page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus.store import Client, connect
from tests.docs.outsider import Outsider


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def outsider(real_store: str) -> Iterator[Outsider]:
    outsider = Outsider(real_store)
    yield outsider
    outsider.close()

"""Plugins of a test's own, and a process of the network to load them into."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus.ingest.membership import Membership
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.plugins import registry
from perseus.plugins.registry.public_ip import PublicIp
from perseus.settings import Settings
from tests.conftest import short
from tests.plugins.shelf import REGISTRY, Shelf, shelf

__all__ = ["shelf"]


@pytest.fixture(autouse=True)
def _no_public_ip_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry looks it up once a process; a test begins with a process that has not."""
    monkeypatch.setattr(registry, "public_ip", PublicIp())


@pytest.fixture
def site(tmp_path: Path, real_store: str) -> Settings:
    """Settings of a process on a real store, which asks nobody on the internet."""
    return short(tmp_path / "home", redis_url=SecretStr(real_store), public_ip_services=())


@pytest.fixture
def enter(shelf: Shelf, site: Settings, exchange: Exchange) -> Iterator[Callable[[], Instance]]:
    """Joins the network with the plugins on the shelf and the registry, as an ingest process does."""
    entered: list[tuple[Membership, Instance]] = []

    def enter() -> Instance:
        membership = Membership(site, shelf.load(REGISTRY))
        instance = membership.claim(exchange, time.sleep)
        entered.append((membership, instance))
        return instance

    yield enter
    for membership, instance in entered:
        instance.stop("the test is over")
        membership.close(2)

"""Fixtures of the web's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from perseus.access import passwords
from tests.databases import parametrise_site
from tests.web.entrance import QUICK, Entrance
from tests.web.notified import SECRET, Notified


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules that are marked so run on both kinds of database."""
    parametrise_site(metafunc)


@pytest.fixture
def notified(real_store: str, tmp_path: Path, site_database: str) -> Iterator[Notified]:
    """A site that notifies, on a real store."""
    site = Notified(real_store, tmp_path, site_database)
    yield site
    site.close()


@pytest.fixture
def ops(notified: Notified) -> Notified:
    """The same with a destination that has a secret, and a dispatcher that knows its kind and sends for it."""
    notified.add("ops", url=SecretStr(SECRET), colour="red")
    notified.report()
    notified.state("ops")
    return notified


@pytest.fixture
def make(
    real_store: str, tmp_path: Path, site_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Entrance]]:
    """Makes sites that people really sign in to, all on one store and database, by their settings."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    passwords._nobodys.cache_clear()
    made: list[Entrance] = []

    def site(**settings: Any) -> Entrance:
        made.append(Entrance(real_store, tmp_path, site_database, **settings))
        return made[-1]

    yield site
    passwords._nobodys.cache_clear()
    for one in made:
        one.close()


@pytest.fixture
def entrance(make: Callable[..., Entrance]) -> Entrance:
    """One with the usual settings."""
    return make()

"""Fixtures that several groups of tests share: stores, settings, a clock that only moves when told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus.network.exchange import Exchange
from perseus.settings import Settings, check_timing
from perseus.store import Client, connect
from tests import routes, templates
from tests.chromium import browser
from tests.databases import (
    _other_postgres,
    _template,
    bare_database,
    bare_postgres,
    database,
    own_postgres,
    postgres_database,
    postgres_server,
    read_only,
    site_database,
    sqlite_database,
)
from tests.datastores import (
    client,
    cluster_store,
    fake_server,
    parametrise,
    real_store,
    redis_cluster,
    redis_sentinel,
    redis_server,
    sentinel_store,
    servers,
    store,
)
from tests.redis_process import RedisProcess

#: Fixtures are used by their names.
__all__ = [
    "_other_postgres",
    "_template",
    "bare_database",
    "bare_postgres",
    "browser",
    "client",
    "cluster_store",
    "database",
    "fake_server",
    "own_postgres",
    "postgres_database",
    "postgres_server",
    "read_only",
    "real_store",
    "redis_cluster",
    "redis_sentinel",
    "redis_server",
    "sentinel_store",
    "servers",
    "site_database",
    "sqlite_database",
    "store",
]

KRAKEN = Exchange(4, "kraken", "Kraken")

templates.compile_once()
routes.compile_once()


@pytest.fixture(autouse=True)
def no_loop_of_another_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright's synchronous interface leaves its event loop running in this thread, between its tests too."""
    left = None if "browser" in request.fixturenames else asyncio._get_running_loop()
    if left is not None:
        asyncio._set_running_loop(None)
    yield
    if left is not None:
        asyncio._set_running_loop(left)


class ManualClock:
    """Time that moves when a test says so. Seconds for `elapsed`, milliseconds for the wall."""

    def __init__(self, elapsed: float = 1_000.0, wall_ms: int = 1_790_000_000_000) -> None:
        self.seconds = elapsed
        self.wall = wall_ms

    def elapsed(self) -> float:
        return self.seconds

    def wall_ms(self) -> int:
        return self.wall

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += round(seconds * 1000)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that asks for a store has it in each kind."""
    parametrise(metafunc)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees the settings that it gives and no others."""
    for name in [name for name in os.environ if name.startswith("PERSEUS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisProcess]:
    """A server that a test may freeze, kill and start again."""
    server = RedisProcess(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    server.folder.mkdir()
    yield server.start()
    server.kill()


@pytest.fixture
def clients() -> Iterator[Callable[[str], Callable[[str], Client]]]:
    """Makes client factories for a URL, and closes every client in the end."""
    made: list[Client] = []

    def factory(url: str) -> Callable[[str], Client]:
        def make(name: str) -> Client:
            made.append(connect(url, timeout=0.4, name=name))
            return made[-1]

        return make

    yield factory
    for one in made:
        one.close()


def short(home: Path, **changes: object) -> Settings:
    """Settings with a lease of 2.4 s, for tests whose subject is a real TTL; every rule of timing holds."""
    values: dict[str, object] = {
        "home": home,
        "heartbeat_seconds": 0.7,
        "ttl_seconds": 2.4,
        "margin_seconds": 0.9,
        "stop_seconds": 0.8,
        "retry_seconds": 0.2,
        "store_timeout_seconds": 0.4,
        "store_wait_seconds": 3.0,
    }
    settings = Settings(**{**values, **changes})
    check_timing(settings)
    return settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return short(tmp_path)


@pytest.fixture
def exchange() -> Exchange:
    return KRAKEN

"""Fixtures that several groups of tests share: stores, settings, a clock that only moves when told."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.settings import Settings, check_timing
from perseus.store import Client, connect
from tests.databases import (  # noqa: F401  (fixtures are used by their names)
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
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess, free_port

KRAKEN = Exchange(4, "kraken", "Kraken")


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


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees the settings that it gives and no others."""
    for name in [name for name in os.environ if name.startswith("PERSEUS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One real server for the session; use `store` or `real_store`, which empty it first."""
    server = RedisProcess(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def fake_server() -> Iterator[str]:
    """The stand-in store of `perseus up`, in this process; gives its URL."""
    from perseus.local.standin import StandIn

    server = StandIn(free_port())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()
    thread.join(5)


def _emptied(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        client.flushall()
        client.set(keys.INITIALISED, "kept")
    return url


@pytest.fixture
def real_store(redis_server: RedisProcess) -> str:
    """URL of a real, empty, initialised Redis."""
    return _emptied(redis_server.url)


@pytest.fixture(params=["real", "fake"])
def store(request: pytest.FixtureRequest) -> str:
    """The same, on a real server and on the stand-in."""
    if request.param == "real":
        return _emptied(request.getfixturevalue("redis_server").url)
    return _emptied(request.getfixturevalue("fake_server"))


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """One real Cluster of three nodes for the session; use `cluster_store`, which empties it first."""
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture
def cluster_store(redis_cluster: RedisCluster) -> str:
    """URL of a real, empty, initialised Redis Cluster."""
    redis_cluster.flush()
    with connect(redis_cluster.url, timeout=2, name="test") as client:
        client.set(keys.INITIALISED, "kept")
    return redis_cluster.url


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisProcess]:
    """A server that a test may freeze, kill and start again."""
    server = RedisProcess(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    server.folder.mkdir()
    yield server.start()
    server.kill()


@pytest.fixture
def client(store: str) -> Iterator[Client]:
    with connect(store, timeout=2, name="test") as client:
        yield client


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
    for client in made:
        client.close()


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

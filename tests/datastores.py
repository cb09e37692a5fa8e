"""The data stores that tests run on, of the whole session and emptied for each test: four kinds, one fixture.

`store` is each kind in turn: a real server, the stand-in, a Cluster of three nodes, a Sentinel. `real_store` is a real
server; under the marker `everywhere` it is each real kind in turn. The marker `not_on` takes kinds away and says why.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.store import Client, connect, is_cluster
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess, free_port
from tests.redis_sentinel import RedisSentinel

REAL = ("real", "cluster", "sentinel")
EACH = ("real", "fake", "cluster", "sentinel")
WHY_LEAST = 15


def parametrise(metafunc: pytest.Metafunc) -> None:
    """Have a test run on each kind that its markers leave. Called from pytest_generate_tests."""
    test = metafunc.definition
    for fixture, kinds in (("store", EACH), ("real_store", REAL)):
        is_each = fixture == "store" or test.get_closest_marker("everywhere") is not None
        if fixture in metafunc.fixturenames and is_each:
            metafunc.parametrize(fixture, _left(test, kinds), indirect=True)


def _left(test: pytest.Item, kinds: tuple[str, ...]) -> list[str]:
    away: set[str] = set()
    for marker in test.iter_markers("not_on"):
        if len(marker.kwargs.get("why", "")) < WHY_LEAST or not set(marker.args) <= set(EACH):
            raise pytest.UsageError(f"{test.nodeid}: not_on takes kinds of {', '.join(EACH)} and why=, in words")
        away |= set(marker.args)
    return [kind for kind in kinds if kind not in away]


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


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """One real Cluster of three nodes for the session; use `cluster_store`, which empties it first."""
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture(scope="session")
def redis_sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSentinel]:
    """One real Sentinel for the session, never failed over; use `sentinel_store`, which empties it first."""
    rig = RedisSentinel(tmp_path_factory.mktemp("sentinel"), down_after_ms=30_000)
    try:
        yield rig.start()
    finally:
        rig.kill()


@pytest.fixture
def cluster_store(redis_cluster: RedisCluster) -> str:
    """URL of a real, empty, initialised Redis Cluster."""
    redis_cluster.flush()
    return _marked(redis_cluster.url)


@pytest.fixture
def sentinel_store(redis_sentinel: RedisSentinel) -> str:
    """URL of a real, empty, initialised Redis behind a Sentinel."""
    redis_sentinel.flush()
    return _marked(redis_sentinel.url)


@pytest.fixture
def real_store(request: pytest.FixtureRequest) -> str:
    """URL of a real, empty, initialised Redis; under `everywhere` of each real kind in turn."""
    return _of(request, getattr(request, "param", "real"))


@pytest.fixture
def store(request: pytest.FixtureRequest) -> str:
    """URL of an empty, initialised store of each kind in turn."""
    return _of(request, request.param)


@pytest.fixture
def client(store: str) -> Iterator[Client]:
    with connect(store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> list[RedisProcess]:
    """The servers that hold the keys of `store` or `real_store`."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    kind = params.get("store", params.get("real_store", "real"))
    if kind == "cluster":
        return list(request.getfixturevalue("redis_cluster").nodes)
    if kind == "sentinel":
        return [request.getfixturevalue("redis_sentinel").primary]
    return [request.getfixturevalue("redis_server")]


def _of(request: pytest.FixtureRequest, kind: str) -> str:
    if kind in ("cluster", "sentinel"):
        url: str = request.getfixturevalue(f"{kind}_store")
        return url
    server = request.getfixturevalue("fake_server" if kind == "fake" else "redis_server")
    url = server if kind == "fake" else server.url
    with connect(url, timeout=5, name="test") as client:
        client.flushall()
    return _marked(url)


def _marked(url: str) -> str:
    with connect(url, timeout=5, name="test") as client:
        client.set(keys.INITIALISED, "kept")
    return url


def acquaint(client: Client, exchange: Exchange) -> None:
    """Have its node of a Cluster know this exchange from before; else its first lease waits for one that never was."""
    if is_cluster(client) and not client.exists(keys.last_record(exchange.id)):
        record = {"token": "1", "until_ms": 1, "beat_ms": 1, "closed": "1", "closed_ms": 1, "recorded_ms": 1}
        client.hset(keys.last_record(exchange.id), mapping={**record, "nonce": "", "payload": ""})

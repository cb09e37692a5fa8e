"""A name in the address of a Redis Cluster that is none of its nodes: passed for the others, and no lease lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.store import answers, connect
from perseus.store.cluster import Cluster
from perseus.store.inquiry import Inquiry
from perseus.store.layout import Layout, Place
from tests.cluster.test_seeds import Failing
from tests.conftest import KRAKEN, short
from tests.instances import Party
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess, free_port

TIMEOUT = 0.6


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A Cluster of this module's own, whose nodes go on without each other."""
    cluster = RedisCluster(tmp_path_factory.mktemp("wrong"), "--cluster-require-full-coverage", "no")
    try:
        yield cluster.start()
    finally:
        cluster.kill()


def named(*ports: int) -> str:
    return f"redis+cluster://{','.join(f'127.0.0.1:{port}' for port in ports)}"


@pytest.mark.parametrize("is_forbidden", [False, True], ids=["one server", "one that refuses"])
def test_a_name_that_is_no_node_is_passed_for_one_that_is(
    own: RedisCluster, own_server: RedisProcess, is_forbidden: bool
) -> None:
    if is_forbidden:
        with own_server.client() as admin:
            admin.execute_command("ACL", "SETUSER", "default", "-cluster")
    for ports in ((own_server.port, own.nodes[1].port), (own.nodes[1].port, own_server.port)):
        with connect(named(*ports), timeout=TIMEOUT, name="t") as client:
            assert isinstance(client, Cluster)
            for _ in range(6):
                with answers(client):
                    assert client.set("a", "1")
                client._is_stale = True


def test_a_holder_keeps_its_lease_while_a_node_dies_and_a_name_is_wrong(
    own: RedisCluster, own_server: RedisProcess, tmp_path: Path
) -> None:
    """The dead node is another than that of the lease: only what the holder asks for brings it to the wrong name."""
    own.flush()
    party, url = Party(tmp_path), named(own.nodes[0].port, own_server.port, own.nodes[1].port)
    party.known = set()
    settings = short(tmp_path)
    holder = party.join(url, settings)
    lost = next(node for node in own.nodes if node is not own.primary(keys.status(KRAKEN.id)))
    client = next(client for client in party._clients if holder._claims._client is client)  # type: ignore[attr-defined]
    assert isinstance(client, Cluster)
    lost.kill()
    try:
        ends = time.monotonic() + settings.ttl_seconds + 1
        while time.monotonic() < ends:
            client._is_stale = True
            holder.guard()
            time.sleep(0.02)
    finally:
        lost.start()
        party.end()
    own.wait_until_whole()


def test_what_each_said_is_told_where_none_serves(own_server: RedisProcess, tmp_path: Path) -> None:
    other = RedisProcess(tmp_path / "other")
    other.folder.mkdir()
    with other.start().client() as admin:
        admin.execute_command("ACL", "SETUSER", "default", "-cluster")
    try:
        client = connect(named(own_server.port, other.port), timeout=TIMEOUT, name="t")
        with client, pytest.raises(StoreRefused) as caught, answers(client):
            client.ping()
    finally:
        other.kill()
    said = str(caught.value)
    assert f"node 127.0.0.1:{own_server.port}: it is one server and no Redis Cluster" in said
    assert f"node 127.0.0.1:{other.port}: " in said
    assert "no permissions" in said
    assert ".." not in said.replace("127.0.0.1", "")


def test_while_another_name_is_silent_a_wrong_one_is_no_refusal(own_server: RedisProcess) -> None:
    silent = free_port()
    client = connect(named(own_server.port, silent), timeout=TIMEOUT, name="t")
    with client, pytest.raises(StoreUnavailable) as caught, answers(client):
        client.ping()
    assert f"node 127.0.0.1:{own_server.port}: it is one server" in str(caught.value)
    assert f"node 127.0.0.1:{silent}: " in str(caught.value)


def test_while_a_known_node_tells_no_name_of_the_address_is_asked() -> None:
    known = Layout({0: ("a", 1)}, (("a", 1),), (("a", 1), ("b", 2)))
    asked: list[Place] = []

    def make(place: Place, seconds: float) -> redis.Redis:
        asked.append(place)
        return Telling()

    inquiry = Inquiry([("x", 9), ("y", 8)], make, TIMEOUT)
    for _ in range(6):
        assert inquiry.layout(known).primaries == (("a", 1),)
    assert set(asked) == {("a", 1), ("b", 2)}


def test_names_get_their_turn_when_every_known_node_hangs() -> None:
    known = Layout({0: ("a", 1)}, (("a", 1),), tuple((f"n{number}", 1) for number in range(6)))
    asked: list[Place] = []
    now = [0.0]

    def make(place: Place, seconds: float) -> redis.Redis:
        asked.append(place)
        now[0] += seconds
        return Failing(redis.exceptions.TimeoutError)

    inquiry = Inquiry([("seed", 9)], make, TIMEOUT, lambda: now[0])
    for _ in range(6):
        with pytest.raises(redis.TimeoutError):
            inquiry.layout(known)
    assert ("seed", 9) in asked


class Telling(redis.Redis):
    """A node that tells of one that serves all."""

    def execute_command(self, *args: object, **options: object) -> object:
        return [[0, 16_383, ["a", 1]]]

"""Several nodes in the address of a Redis Cluster: any that lives leads to all, and in time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
import redis

from perseus.errors import StoreRefused, StoreUnavailable
from perseus.store import answers, connect, where
from perseus.store.inquiry import Inquiry
from perseus.store.layout import Layout, Place
from tests.redis_cluster import RedisCluster
from tests.redis_process import free_port

TIMEOUT = 0.6
NAMES = [f"name-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A Cluster of this module's own, whose nodes go on without each other."""
    cluster = RedisCluster(tmp_path_factory.mktemp("seeds"), "--cluster-require-full-coverage", "no")
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def url(*ports: int, login: str = "") -> str:
    return f"redis+cluster://{login}{','.join(f'127.0.0.1:{port}' for port in ports)}"


def test_a_start_while_the_first_node_is_dead_finds_the_others(own: RedisCluster) -> None:
    first, second, third = own.nodes
    first.kill()
    try:
        with connect(url(first.port, second.port, third.port), timeout=TIMEOUT, name="t") as client:
            served = [name for name in NAMES if own.primary(name) is not first]
            with answers(client):
                assert [client.set(name, "1") for name in served] == [True] * len(served)
    finally:
        first.start()
    own.wait_until_whole()


def test_a_client_that_worked_goes_on_when_its_first_node_is_gone(own: RedisCluster) -> None:
    first = own.nodes[0]
    with connect(url(*(node.port for node in own.nodes)), timeout=TIMEOUT, name="t") as client:
        lost, kept = (next(name for name in NAMES if (own.primary(name) is first) is is_) for is_ in (True, False))
        assert client.set(kept, "1")
        first.kill()
        try:
            for _ in range(3):
                said = f"^The data store at node 127.0.0.1:{first.port} does not answer: "
                with pytest.raises(StoreUnavailable, match=said), answers(client):
                    client.get(lost)
                assert client.get(kept) == "1"
        finally:
            first.start()
        own.wait_until_whole()
        assert client.set(lost, "back")


def test_nodes_that_hang_are_passed_within_the_time_of_one_call(own: RedisCluster, mute: int) -> None:
    ports = (mute, free_port(), own.nodes[1].port)
    with connect(url(*ports), timeout=TIMEOUT, name="t") as client:
        began = time.monotonic()
        assert client.ping()
        assert time.monotonic() - began < 2 * TIMEOUT


def test_where_none_answers_all_that_were_asked_are_told_in_time(mute: int) -> None:
    ports = (free_port(), mute, free_port())
    with connect(url(*ports), timeout=TIMEOUT, name="t") as client:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable) as caught, answers(client):
            client.ping()
        assert time.monotonic() - began < 2 * TIMEOUT
        assert where(client) == ",".join(f"127.0.0.1:{port}" for port in ports)
    for port in ports:
        assert f"node 127.0.0.1:{port}: " in str(caught.value)
    assert "PERSEUS_REDIS_URL" in str(caught.value)


def test_a_node_that_does_not_know_the_user_is_passed_for_one_that_does(own: RedisCluster) -> None:
    rights = ("on", ">secret", "~*", "&*", "+@all")
    try:
        for node in own.nodes[1:]:
            with node.client() as client:
                client.execute_command("ACL", "SETUSER", "ann", *rights)
        ports = tuple(node.port for node in own.nodes)
        with connect(url(*ports, login="ann:secret@"), timeout=TIMEOUT, name="t") as client:
            served = next(name for name in NAMES if own.primary(name) is not own.nodes[0])
            assert client.set(served, "1")
        with (
            connect(url(ports[0], login="ann:secret@"), timeout=TIMEOUT, name="t") as client,
            pytest.raises(StoreRefused, match=f"127.0.0.1:{ports[0]}"),
            answers(client),
        ):
            client.ping()
    finally:
        for node in own.nodes:
            with node.client() as client:
                client.execute_command("ACL", "DELUSER", "ann")


def test_a_node_that_forgot_the_user_is_no_refusal_by_a_store_that_is_known(own: RedisCluster) -> None:
    known = Layout({0: ("a", 1)}, (("a", 1),), (("a", 1), ("b", 2)))

    def make(place: Place, seconds: float) -> redis.Redis:
        kind = redis.exceptions.AuthenticationError if place == ("b", 2) else redis.exceptions.TimeoutError
        return Failing(kind)

    with pytest.raises(redis.exceptions.TimeoutError):
        Inquiry([("a", 1)], make, TIMEOUT).layout(known)
    with pytest.raises(redis.exceptions.AuthenticationError):
        Inquiry([("a", 1), ("b", 2)], make, TIMEOUT).layout(None)


class Failing(redis.Redis):
    """A node that answers nothing but this."""

    def __init__(self, kind: type[Exception]) -> None:
        super().__init__()
        self._kind = kind

    def execute_command(self, *args: object, **options: object) -> object:
        raise self._kind("no")

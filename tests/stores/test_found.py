"""Connections to whichever server a finder names: left when it names another, and never kept to a replica."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from perseus.errors import StoreUnavailable
from perseus.store import Script, answers
from perseus.store.layout import Place
from perseus.store.sentinel import Sentinel
from tests.commands.running import eventually
from tests.redis_process import RedisProcess, free_port

TIMEOUT = 0.3


class Pointer:
    """A finder that names what the test says, and counts doubts."""

    def __init__(self, server: RedisProcess) -> None:
        self.server = server
        self.doubted: list[int] = []

    def primary(self) -> Place:
        return "127.0.0.1", self.server.port

    def has_moved_from(self, place: Place) -> bool:
        return place != self.primary()

    def doubt(self, place: Place) -> None:
        self.doubted.append(place[1])

    def close(self) -> None:
        self.doubted.append(0)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RedisProcess, RedisProcess]]:
    """Two servers that know nothing of each other."""
    first, second = (RedisProcess(tmp_path_factory.mktemp(name)) for name in ("first", "second"))
    yield first.start(), second.start()
    first.kill()
    second.kill()


@pytest.fixture
def pointer(pair: tuple[RedisProcess, RedisProcess]) -> Pointer:
    for server in pair:
        with server.client() as admin:
            admin.replicaof("NO", "ONE")
            admin.flushall()
    return Pointer(pair[0])


@pytest.fixture
def found(pointer: Pointer) -> Iterator[Sentinel]:
    options = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": Retry(NoBackoff(), 0)}
    with Sentinel(pointer, "here", is_tls=False, decode_responses=True, **options) as client:  # type: ignore[arg-type]
        yield client


def port(client: Sentinel) -> int:
    return int(client.info("server")["tcp_port"])


@pytest.fixture
def demoted(pointer: Pointer, found: Sentinel) -> RedisProcess:
    """The server that the client is connected to, a replica now, which it is not told."""
    assert port(found) == pointer.server.port
    with pointer.server.client() as admin:
        admin.replicaof("127.0.0.1", free_port())
    return pointer.server


def writes_plainly(client: Sentinel) -> object:
    return client.set("a", "b")


def writes_by_script(client: Sentinel) -> object:
    return Script(client, "release", "perseus.network.leasing")(["{a}", "{a}:last"], ["n", "i", "1", "x"])


def writes_in_a_pipeline(client: Sentinel) -> object:
    return client.pipeline(transaction=False).set("a", "1").set("b", "2").execute()


def test_another_primary_is_gone_over_to_with_the_next_command(
    pair: tuple[RedisProcess, RedisProcess], pointer: Pointer, found: Sentinel
) -> None:
    assert port(found) == pair[0].port
    pointer.server = pair[1]
    assert port(found) == pair[1].port
    with pair[0].client() as admin:
        assert [client for client in admin.client_list() if client["cmd"] == "info"] == []


@pytest.mark.parametrize("write", [writes_plainly, writes_in_a_pipeline])
def test_a_primary_that_became_a_replica_is_silence_a_doubt_and_left(
    pointer: Pointer, found: Sentinel, demoted: RedisProcess, write: Callable[[Sentinel], object]
) -> None:
    with pytest.raises(StoreUnavailable, match="read only replica"), answers(found):
        write(found)
    assert set(pointer.doubted) == {demoted.port}
    with pytest.raises(StoreUnavailable, match=f"server 127.0.0.1:{demoted.port}: it is a replica"), answers(found):
        found.get("a")


def test_a_script_that_meets_a_replica_is_a_doubt_too(pointer: Pointer, found: Sentinel, demoted: RedisProcess) -> None:
    with demoted.client() as admin:
        admin.replicaof("NO", "ONE")
        admin.set("{a}", '{"instanceId":"i","fencingToken":"1"}')
        admin.hset("{a}:last", mapping={"nonce": "n", "token": "1", "closed": "0"})
        admin.replicaof("127.0.0.1", free_port())
    with pytest.raises(StoreUnavailable, match="read only replica"):
        writes_by_script(found)
    assert pointer.doubted == [demoted.port]


def test_a_primary_without_its_replicas_is_a_doubt_for_it_may_be_cut_off(pointer: Pointer, found: Sentinel) -> None:
    with pointer.server.client() as admin:
        admin.config_set("min-replicas-to-write", 1)
        try:
            with pytest.raises(StoreUnavailable, match="good replicas"), answers(found):
                found.set("a", "b")
        finally:
            admin.config_set("min-replicas-to-write", 0)
    assert pointer.doubted == [pointer.server.port]


def test_what_is_wrong_with_one_key_is_no_doubt(pointer: Pointer, found: Sentinel) -> None:
    found.set("a", "b")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        found.lpush("a", "b")
    assert pointer.doubted == []


def test_a_server_that_hangs_fails_within_the_time_out_is_named_and_doubted(pointer: Pointer, found: Sentinel) -> None:
    found.incr("asked")
    pointer.server.freeze()
    began = time.monotonic()
    try:
        named = f"server 127.0.0.1:{pointer.server.port}: no answer within"
        with pytest.raises(StoreUnavailable, match=named), answers(found):
            found.incr("asked")
        took = time.monotonic() - began
    finally:
        pointer.server.thaw()
    assert took < 2 * TIMEOUT
    assert pointer.doubted == [pointer.server.port]
    assert found.get("asked") == "2"  # once before, once applied late: a retry would make it 3


def test_a_server_that_is_not_there_is_named_and_doubted(pointer: Pointer, found: Sentinel, tmp_path: Path) -> None:
    pointer.server = RedisProcess(tmp_path)
    said = f"at here.*server 127.0.0.1:{pointer.server.port}: .*refused"
    with pytest.raises(StoreUnavailable, match=said), answers(found):
        found.ping()
    assert pointer.doubted == [pointer.server.port]


def test_what_is_published_is_heard_and_a_listener_goes_over_too(
    pair: tuple[RedisProcess, RedisProcess], pointer: Pointer, found: Sentinel
) -> None:
    ear = found.pubsub(ignore_subscribe_messages=True)
    ear.subscribe("channel")
    heard = []
    for server in pair:
        pointer.server = server
        ear.ping()  # a command is where it looks
        give_up = time.monotonic() + 5
        while server.port not in heard and time.monotonic() < give_up:
            found.publish("channel", str(server.port))
            message = ear.get_message(timeout=0.1)
            if message is not None and message["type"] == "message":
                heard.append(int(message["data"]))
    ear.close()
    assert heard == [server.port for server in pair]


def test_closing_ends_the_connections_and_the_finder(pointer: Pointer, found: Sentinel) -> None:
    found.client_setname("of-this-test")
    with pointer.server.client() as admin:
        assert "of-this-test" in [client["name"] for client in admin.client_list()]
        found.close()
        eventually(lambda: "of-this-test" not in [client["name"] for client in admin.client_list()])
    assert pointer.doubted == [0]

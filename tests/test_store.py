"""The client of the store: errors told apart, silence bounded, nothing secret said."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from perseus import keys
from perseus.errors import PerseusError, StoreCorrupt, StoreRefused, StoreUnavailable
from perseus.network.leasing.claims import Granted, RedisClaims, Renewed
from perseus.store import Client, Script, answers, connect, wait_until_up, where, where_url
from tests.redis_process import RedisProcess, free_port

SECRET = "s3cret-of-the-store"


@pytest.fixture(scope="module")
def rough_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A server of this module's own, which tests may put out of sorts."""
    server = RedisProcess(tmp_path_factory.mktemp("rough")).start()
    with server.client() as client:
        client.config_set("requirepass", SECRET)
    yield server
    server.kill()


@pytest.fixture
def admin(rough_server: RedisProcess) -> Iterator[Client]:
    with redis.Redis(port=rough_server.port, password=SECRET, decode_responses=True) as admin:
        admin.flushall()
        yield admin


@pytest.fixture
def guest(rough_server: RedisProcess, admin: Client) -> Iterator[Client]:
    url = f"redis://:{SECRET}@127.0.0.1:{rough_server.port}/0"
    with connect(url, timeout=1, name="guest") as client:
        yield client


def out_of_memory(admin: Client) -> Callable[[], object]:
    admin.config_set("maxmemory", "1")
    return lambda: admin.config_set("maxmemory", "0")


def without_replicas(admin: Client) -> Callable[[], object]:
    admin.config_set("min-replicas-to-write", "1")
    return lambda: admin.config_set("min-replicas-to-write", "0")


def read_only(admin: Client) -> Callable[[], object]:
    admin.replicaof("127.0.0.1", free_port())
    return lambda: admin.replicaof("NO", "ONE")


def answer_like_a_web_server(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [(out_of_memory, "maxmemory"), (without_replicas, "good replicas"), (read_only, "read only replica")],
)
def test_a_store_that_cannot_write_counts_as_silent_even_from_within_a_script(
    admin: Client, guest: Client, trouble: Callable[[Client], Callable[[], object]], reason: str
) -> None:
    claims = RedisClaims(guest, 4, 45, 0)
    grant = claims.acquire("n", "i", None, '{"instanceId":"i"}')
    assert isinstance(grant, Granted)
    body = f'{{"fencingToken":"{grant.token}","instanceId":"i"}}'
    assert isinstance(claims.renew("n", "i", grant.token, body, None), Renewed)
    mend = trouble(admin)
    try:
        with pytest.raises(StoreUnavailable) as caught:
            claims.renew("n", "i", grant.token, body, None)
    finally:
        mend()
    assert reason in caught.value.reason
    assert "script" not in str(caught.value)


def test_a_store_that_cannot_write_counts_as_silent_outside_scripts_too(admin: Client, guest: Client) -> None:
    mend = out_of_memory(admin)
    try:
        with pytest.raises(StoreUnavailable), answers(guest):
            guest.set("key", "value")
    finally:
        mend()


def test_a_wrong_password_is_a_refusal_and_not_silence(rough_server: RedisProcess) -> None:
    url = f"redis://:wrong@127.0.0.1:{rough_server.port}/0"
    with connect(url, timeout=1, name="t") as client, pytest.raises(StoreRefused), answers(client):
        client.ping()


def test_no_password_where_one_is_needed_is_a_refusal(rough_server: RedisProcess) -> None:
    with connect(rough_server.url, timeout=1, name="t") as client, pytest.raises(StoreRefused), answers(client):
        client.ping()


@pytest.mark.parametrize("forbidden", ["-evalsha", "-set"])
def test_a_right_that_is_missing_is_a_refusal_even_within_a_script(
    rough_server: RedisProcess, admin: Client, forbidden: str
) -> None:
    admin.execute_command("ACL", "SETUSER", "narrow", "reset", "on", ">pw", "~*", "+@all", forbidden)
    url = f"redis://narrow:pw@127.0.0.1:{rough_server.port}/0"
    with connect(url, timeout=1, name="t") as client, pytest.raises(StoreRefused):
        RedisClaims(client, 4, 45, 0).acquire("n", "i", None, '{"instanceId":"i"}')


def test_a_port_that_is_no_redis_is_a_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_like_a_web_server, args=(listener,), daemon=True).start()
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        with (
            connect(url, timeout=1, name="t") as client,
            pytest.raises(StoreRefused, match="protocol"),
            answers(client),
        ):
            client.ping()


def test_a_key_of_another_type_is_named_as_corrupt(client: Client) -> None:
    client.set(keys.last_record(4), "not a hash")
    with pytest.raises(StoreCorrupt, match=r"exchange:4:status.*rename or delete"):
        RedisClaims(client, 4, 45, 0).acquire("n", "i", None, '{"instanceId":"i"}')


def test_a_last_record_of_junk_is_named_as_corrupt(admin: Client, guest: Client) -> None:
    admin.hset(keys.last_record(4), mapping={"token": "7", "until_ms": "soon"})
    with pytest.raises(StoreCorrupt):
        RedisClaims(guest, 4, 45, 0).acquire("n", "i", None, '{"instanceId":"i"}')


def test_another_error_of_a_script_is_not_dressed_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(client, "release", "perseus.network.leasing")

    def fail(**_: object) -> None:
        raise redis.exceptions.ResponseError("unknown subcommand")

    monkeypatch.setattr(script, "_run", fail)
    with pytest.raises(redis.exceptions.ResponseError, match="unknown subcommand"):
        script(["a"], ["b"])


def test_another_error_of_the_store_is_not_dressed_up(client: Client) -> None:
    with pytest.raises(redis.exceptions.ResponseError), answers(client):
        client.execute_command("NO.SUCH.COMMAND")


def test_a_frozen_server_fails_within_the_time_out_and_is_not_asked_again(own_server: RedisProcess) -> None:
    with connect(own_server.url, timeout=0.3, name="t") as client:
        client.incr("asked")
        own_server.freeze()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable), answers(client):
            client.incr("asked")
        took = time.monotonic() - began
        own_server.thaw()
        assert took < 0.6
        with own_server.client() as other:
            assert other.get("asked") == "2"  # once before, once applied late: a retry would make it 3


def test_a_frozen_server_cannot_hold_up_a_new_connection_either(own_server: RedisProcess) -> None:
    own_server.freeze()
    began = time.monotonic()
    with connect(own_server.url, timeout=0.3, name="t") as client, pytest.raises(StoreUnavailable), answers(client):
        client.ping()
    assert time.monotonic() - began < 0.9


def test_a_script_that_the_store_has_forgotten_is_loaded_again(admin: Client, guest: Client) -> None:
    claims = RedisClaims(guest, 4, 45, 0)
    grant = claims.acquire("n", "i", None, '{"instanceId":"i"}')
    assert isinstance(grant, Granted)
    admin.script_flush()
    assert isinstance(claims.renew("n", "i", grant.token, '{"instanceId":"i"}', None), Renewed)


@pytest.mark.parametrize("port", ["closed", "wrong"])
def test_no_message_holds_the_password(rough_server: RedisProcess, caplog: pytest.LogCaptureFixture, port: str) -> None:
    number = free_port() if port == "closed" else rough_server.port
    with connect(f"redis://ann:{SECRET}@127.0.0.1:{number}/0", timeout=0.3, name="t") as client:
        with caplog.at_level(logging.DEBUG), pytest.raises(PerseusError) as caught, answers(client):
            client.ping()
        assert SECRET not in f"{caught.value!r} {caught.value} {vars(caught.value)} {caplog.text} {where(client)}"
    assert f"127.0.0.1:{number}" in str(caught.value)


def test_an_address_is_named_without_user_or_password() -> None:
    assert where_url(f"redis://ann:{SECRET}@example.org:7000/0") == "example.org:7000"
    assert where_url(f"redis://:{SECRET}@example.org") == "example.org:6379"
    sentinels = f"redis+sentinel://ann:{SECRET}@one.example.org,two.example.org:7000/perseus/2"
    assert where_url(f"{sentinels}?sentinel_password={SECRET}") == "one.example.org:26379,two.example.org:7000/perseus"


def test_the_connection_says_its_name(client: Client) -> None:
    assert client.client_getname() == "test"


def test_waiting_for_a_store_tells_each_try_and_gives_up_at_the_stated_time() -> None:
    told: list[str] = []
    pauses: list[float] = []
    url = f"redis://127.0.0.1:{free_port()}/0"
    with connect(url, timeout=0.2, name="t") as client, pytest.raises(StoreUnavailable):
        wait_until_up(client, 0.2, told.append, lambda seconds: (pauses.append(seconds), time.sleep(0.1)))
    assert told
    assert all("does not answer" in line and "Trying again" in line for line in told)
    assert all(0 < pause <= 0.2 for pause in pauses)


def test_waiting_ends_as_soon_as_the_store_answers(own_server: RedisProcess) -> None:
    own_server.kill()
    told: list[str] = []
    with connect(own_server.url, timeout=0.5, name="t") as client:
        wait_until_up(client, 20, told.append, lambda _: own_server.start())
    assert len(told) == 1


def test_waiting_does_not_wait_for_a_password_to_mend_itself(rough_server: RedisProcess) -> None:
    with connect(rough_server.url, timeout=0.5, name="t") as client, pytest.raises(StoreRefused):
        wait_until_up(client, 60, pytest.fail, pytest.fail)

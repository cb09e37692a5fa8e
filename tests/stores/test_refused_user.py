"""A server that does not know our user, or does not answer at all: which, why, and what to do."""

from __future__ import annotations

import pytest

from perseus.errors import StoreRefused, StoreUnavailable, StoreUserRefused
from perseus.store import answers, connect
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess, free_port
from tests.redis_sentinel import RedisSentinel

MEND = "type the ACL SETUSER line of docs/operate.md there, then ACL SAVE, or CONFIG REWRITE where it has no aclfile."
RIGHTS = ("on", ">secret", "~*", "&*", "+@all")


def refusal(url: str) -> str:
    with (
        connect(url, timeout=2, name="t") as client,
        pytest.raises(StoreUserRefused) as caught,
        answers(client),
    ):
        client.get("a")
    assert "secret" not in str(caught.value)
    assert "HELLO" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def closed(own_server: RedisProcess) -> RedisProcess:
    with own_server.client() as client:
        client.config_set("requirepass", "right")
    return own_server


def test_a_server_that_does_not_know_the_user_says_so_and_what_to_type(own_server: RedisProcess) -> None:
    said = refusal(f"redis://ann:secret@127.0.0.1:{own_server.port}")
    assert f"at 127.0.0.1:{own_server.port} refuses us: it does not know the user ann, or not this password." in said
    assert said.endswith(MEND)


def test_a_password_that_is_missing_or_wrong_is_told_without_the_words_of_the_protocol(closed: RedisProcess) -> None:
    place = f"127.0.0.1:{closed.port}"
    assert f"at {place} refuses us: it wants a password, and PERSEUS_REDIS_URL has none." in refusal(f"redis://{place}")
    assert f"at {place} refuses us: it does not take the password." in refusal(f"redis://:secret@{place}")


def test_the_node_of_a_cluster_that_lacks_the_user_is_named(redis_cluster: RedisCluster) -> None:
    lacks, *know = redis_cluster.nodes
    ports = [node.port for node in (*know, lacks)]
    try:
        for node in know:
            with node.client() as client:
                client.execute_command("ACL", "SETUSER", "ann", *RIGHTS)
        url = f"redis+cluster://ann:secret@{','.join(f'127.0.0.1:{port}' for port in ports)}"
        with connect(url, timeout=2, name="t") as client, pytest.raises(StoreUserRefused) as caught, answers(client):
            [client.get(f"name-{number}") for number in range(20)]
    finally:
        for node in know:
            with node.client() as client:
                client.execute_command("ACL", "DELUSER", "ann")
    assert caught.value.where == f"127.0.0.1:{lacks.port}"
    assert str(caught.value).endswith(MEND)


def test_the_primary_behind_sentinels_that_lacks_the_user_is_named(redis_sentinel: RedisSentinel) -> None:
    said = refusal(redis_sentinel.url.replace("://", "://ann:secret@"))
    assert f"at 127.0.0.1:{redis_sentinel.primary.port} refuses us: it does not know the user ann" in said


def test_a_sentinel_that_wants_a_password_is_no_server(redis_sentinel: RedisSentinel) -> None:
    sentinels = redis_sentinel.sentinels
    try:
        for one in sentinels:
            with one.client() as client:
                client.execute_command("ACL", "SETUSER", "default", "resetpass", ">other")
            one.password = "other"
        said = refusal(redis_sentinel.url)
    finally:
        for one in sentinels:
            with one.client() as client:
                client.execute_command("ACL", "SETUSER", "default", "nopass")
            one.password = None
    assert "wants a password (sentinels have a password of their own: sentinel_password" in said


def test_a_port_where_nobody_listens_says_what_to_do() -> None:
    port = free_port()
    with (
        connect(f"redis://127.0.0.1:{port}", timeout=1, name="t") as client,
        pytest.raises(StoreUnavailable) as caught,
        answers(client),
    ):
        client.ping()
    assert str(caught.value) == (
        f"The data store at 127.0.0.1:{port} does not answer: Connection refused (nothing listens there: start the "
        "server, or mend host and port in PERSEUS_REDIS_URL)."
    )


def test_a_right_that_is_missing_is_no_user_that_is_missing(own_server: RedisProcess) -> None:
    with own_server.client() as client:
        client.execute_command("ACL", "SETUSER", "ann", "on", ">secret", "~*", "+ping", "+hello", "+client", "+select")
    url = f"redis://ann:secret@127.0.0.1:{own_server.port}"
    with connect(url, timeout=2, name="t") as client, pytest.raises(StoreRefused) as caught, answers(client):
        client.get("a")
    assert not isinstance(caught.value, StoreUserRefused)

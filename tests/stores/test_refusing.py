"""A store that answers reads and refuses writes: told as that, by the right server, and over as soon as it is over."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.drill.practice import practice
from perseus.drill.stage import Stage
from perseus.errors import StoreRefused, StoreRefusesWrites, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.network.view.directory import Directory
from perseus.notify import orders
from perseus.store import Client, answers, connect, wait_until_up, where
from perseus.store.answers import is_no_answer
from perseus.store.cluster import Cluster
from perseus.store.refusal import NO_RIGHT, WHY, attempts
from tests.conftest import short
from tests.redis_process import RedisProcess, free_port

CODES = tuple(WHY)
BODY = '{"instanceId":"i-1-a"}'


@contextmanager
def refusing(server: RedisProcess, code: str) -> Iterator[None]:
    """It refuses writes for that reason, in earnest, for as long as this lasts."""
    with server.client() as admin:
        if code == "NOREPLICAS":
            admin.config_set("min-replicas-to-write", 9)
            yield
            admin.config_set("min-replicas-to-write", 0)
        elif code == "OOM":
            admin.config_set("maxmemory-policy", "noeviction")
            admin.config_set("maxmemory", 1)
            yield
            admin.config_set("maxmemory", 0)
        elif code == "READONLY":
            admin.replicaof("127.0.0.1", free_port())
            yield
            admin.replicaof("NO", "ONE")
        else:
            _fail_to_save(server, admin)
            yield
            admin.config_set("stop-writes-on-bgsave-error", "no")


def _fail_to_save(server: RedisProcess, admin: redis.Redis) -> None:
    admin.config_set("save", "3600 1")
    shutil.rmtree(server.folder)
    admin.execute_command("BGSAVE")
    give_up = time.monotonic() + 10
    while admin.info("persistence")["rdb_last_bgsave_status"] != "err":
        assert time.monotonic() < give_up, "it still saves"
        time.sleep(0.02)


@pytest.fixture
def plain(own_server: RedisProcess) -> Iterator[Client]:
    with connect(own_server.url, timeout=1, name="t") as client:
        client.set(keys.INITIALISED, "kept")
        yield client


def tried(client: Client) -> StoreRefusesWrites:
    with pytest.raises(StoreRefusesWrites) as caught, answers(client):
        client.set("perseus:anything", "x")
    return caught.value


@pytest.mark.parametrize("code", CODES)
def test_a_refused_write_is_no_silence_and_keeps_the_word_of_the_server(
    own_server: RedisProcess, plain: Client, code: str
) -> None:
    with refusing(own_server, code):
        error = tried(plain)
    assert isinstance(error, StoreUnavailable)
    assert error.code == code
    assert str(error).startswith(f"The data store at 127.0.0.1:{own_server.port} refuses writes: {code} ")
    assert "does not answer" not in str(error)


def _order(client: Client, key: str) -> None:
    orders.place(client, key, "test", "me")


def _drill(client: Client, key: str) -> None:
    Stage(practice(), short(Path()), "redis://never.asked", client, Path()).prepare()


def _in_a_pipeline(client: Client, key: str) -> None:
    with answers(client):
        pipeline = client.pipeline(transaction=False)
        pipeline.set(key, "x) of a pipeline")
        pipeline.execute()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("write", [_order, _in_a_pipeline, _drill])
def test_a_refused_pipeline_is_told_the_same_without_its_command(
    own_server: RedisProcess, plain: Client, code: str, write: Callable[[Client, str], object]
) -> None:
    with refusing(own_server, code), pytest.raises(StoreRefusesWrites) as caught:
        write(plain, "perseus:hidden-key")
    assert caught.value.code == code
    assert str(caught.value).startswith(f"The data store at 127.0.0.1:{own_server.port} refuses writes: {code} ")
    assert not {"Command", "pipeline", "perseus:hidden-key"} & set(str(caught.value).split())


def test_a_right_that_is_missing_in_a_pipeline_is_told_without_its_command(own_server: RedisProcess) -> None:
    with own_server.client() as admin:
        admin.execute_command("ACL SETUSER", "reader", "on", ">pw", "~*", "+@all", "-set")
    url = own_server.url.replace("://", "://reader:pw@")
    with connect(url, timeout=1, name="t") as client, pytest.raises(StoreRefused) as caught:
        _in_a_pipeline(client, "perseus:hidden-key")
    assert "no permissions to run the 'set' command" in str(caught.value)
    assert "pipeline" not in str(caught.value)


def test_a_cluster_that_is_down_is_silence_in_a_pipeline_too() -> None:
    said = "Command # 1 (SET a b) of pipeline caused error: CLUSTERDOWN The cluster is down"
    assert is_no_answer(redis.exceptions.ResponseError(said))


@pytest.mark.parametrize("code", CODES)
def test_a_refused_script_is_told_the_same(
    own_server: RedisProcess, plain: Client, exchange: Exchange, code: str
) -> None:
    claims = RedisClaims(plain, exchange.id, 45, 0)
    granted = claims.acquire("nonce", "i-1-a", None, BODY)
    assert isinstance(granted, Granted)
    with refusing(own_server, code), pytest.raises(StoreRefusesWrites) as caught:
        claims.renew("nonce", "i-1-a", granted.token, BODY, None)
    assert caught.value.code == code
    assert "script" not in str(caught.value)


@pytest.mark.parametrize("code", CODES)
def test_readers_are_told_at_once_and_again_when_it_is_over(
    own_server: RedisProcess, plain: Client, exchange: Exchange, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    directory = Directory(plain, lambda: (exchange,))
    assert directory.view().store.refused is None
    with refusing(own_server, code):
        for _ in range(3):
            view = directory.view()
            assert (view.store.answers, view.store.refused) == (True, code)
        assert (directory.store_state().answers, directory.store_state().refused) == (True, code)
    assert directory.view().store.refused is None
    assert directory.store_state().refused is None
    assert [line.levelno for line in caplog.records] == [logging.WARNING] * 2
    assert caplog.text.count(f"127.0.0.1:{own_server.port} refuses writes: {code}") == 1
    assert caplog.text.count("takes writes again") == 1


@pytest.mark.everywhere
def test_the_server_that_refuses_is_named_wherever_it_stands(
    real_store: str, servers: list[RedisProcess], exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(real_store, timeout=1, name="t") as client:
        directory = Directory(client, lambda: (exchange,))
        for server in servers:
            caplog.clear()
            with refusing(server, "NOREPLICAS"):
                is_asked = directory.view().store.refused == "NOREPLICAS"
                assert (f"data store at 127.0.0.1:{server.port} refuses" in caplog.text) is is_asked
            if len(servers) == 1:
                assert is_asked
            assert directory.view().store.refused is None


@pytest.mark.everywhere
def test_a_claim_that_is_refused_names_the_server_that_has_the_lease(
    real_store: str, servers: list[RedisProcess]
) -> None:
    with connect(real_store, timeout=1, name="t") as client, ExitStack() as all_refuse:
        id_, port = _far_away(client) if isinstance(client, Cluster) else (4, servers[0].port)
        for server in servers:
            all_refuse.enter_context(refusing(server, "NOREPLICAS"))
        with pytest.raises(StoreRefusesWrites) as caught:
            RedisClaims(client, id_, 45, 0).acquire("nonce", "i-1-a", None, BODY)
    assert caught.value.where == f"127.0.0.1:{port}"


def _far_away(cluster: Cluster) -> tuple[int, int]:
    """An exchange whose node is not the first of the URL, and the port of that node."""
    places = ((id_, cluster.place(keys.status(id_))[1]) for id_ in range(1, 1_000))
    return next((id_, port) for id_, port in places if f":{port}" not in where(cluster).split(",")[0])


def test_what_is_tried_writes_nothing(store: str, exchange: Exchange) -> None:
    with connect(store, timeout=1, name="t") as client:
        directory = Directory(client, lambda: (exchange,))
        directory.view()
        directory.store_state()
        for attempt in attempts(keys.status(exchange.id)):
            asked: object = client.execute_command(*attempt)
            assert asked is None
        assert not client.exists(keys.write_probe(keys.status(exchange.id)))
        assert not client.exists(keys.write_probe(keys.INITIALISED))


@pytest.mark.parametrize("right", ["set", "xadd"])
def test_a_right_without_which_nothing_can_be_renewed_or_recorded_is_told_and_ends_a_start(
    own_server: RedisProcess, exchange: Exchange, caplog: pytest.LogCaptureFixture, right: str
) -> None:
    with own_server.client() as admin:
        admin.execute_command("ACL SETUSER", "reader", "on", ">pw", "~*", "+@all", f"-{right}")
    url = f"redis://reader:pw@127.0.0.1:{own_server.port}/0"
    with connect(url, timeout=1, name="t") as client:
        directory = Directory(client, lambda: (exchange,))
        assert directory.view().store.refused == directory.store_state().refused == NO_RIGHT
        assert f"refuses writes: NOPERM this user has no permissions to run the '{right}' command" in caplog.text
        with pytest.raises(StoreRefused, match=f"'{right}'"):
            wait_until_up(client, 5, pytest.fail, pytest.fail, exchange.written[0])


@pytest.mark.parametrize("code", CODES)
def test_who_must_write_waits_until_writes_are_taken(
    own_server: RedisProcess, plain: Client, exchange: Exchange, code: str
) -> None:
    told: list[str] = []
    lasting = refusing(own_server, code)
    lasting.__enter__()
    ended: list[bool] = []

    def pause(_: float) -> None:
        ended.append(bool(lasting.__exit__(None, None, None)))

    wait_until_up(plain, 20, told.append, pause, exchange.written[0])
    assert len(ended) == len(told) == 1
    assert f"refuses writes: {code} " in told[0]
    assert "Trying again for" in told[0]


@pytest.mark.parametrize("code", CODES)
def test_who_only_reads_does_not_wait(own_server: RedisProcess, plain: Client, code: str) -> None:
    with refusing(own_server, code):
        wait_until_up(plain, 20, pytest.fail, pytest.fail)


def test_a_wait_that_was_in_vain_ends_with_the_refusal(
    own_server: RedisProcess, plain: Client, exchange: Exchange
) -> None:
    with refusing(own_server, "OOM"), pytest.raises(StoreRefusesWrites, match="refuses writes: OOM"):
        wait_until_up(plain, 0, pytest.fail, pytest.fail, exchange.written[0])


def test_a_refusal_of_us_is_none_of_writes(own_server: RedisProcess) -> None:
    with own_server.client() as admin:
        admin.execute_command("ACL SETUSER", "reader", "on", ">pw", "~*", "+@read", "+client")
    url = f"redis://reader:pw@127.0.0.1:{own_server.port}/0"
    with connect(url, timeout=1, name="t") as client, pytest.raises(StoreRefused), answers(client):
        client.set("perseus:anything", "x")

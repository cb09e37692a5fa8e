"""The client of a Cluster: finds every key, follows what moves, and waits no longer than it was told."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis

from perseus import keys
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.network.log.activity import ActivityLog, transition
from perseus.store import Client, answers, connect, is_cluster, now_ms, where
from perseus.store.cluster import HOPS, Cluster
from perseus.store.layout import Place
from tests.cluster.moving import Move
from tests.network.samples import claim_body, sample
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess, free_port

NAMES = [f"name-{number}" for number in range(30)]


@pytest.fixture
def cluster(client: Client) -> Cluster:
    assert isinstance(client, Cluster)
    return client


def test_every_key_is_found_wherever_it_lives(client: Client, redis_cluster: RedisCluster) -> None:
    for name in NAMES:
        client.set(name, name)
    assert [client.get(name) for name in NAMES] == NAMES
    assert len({redis_cluster.node(name).port for name in NAMES}) == 3


def test_a_pipeline_gives_its_answers_in_the_order_of_its_commands(client: Client) -> None:
    pipeline = client.pipeline(transaction=False)
    for name in NAMES:
        pipeline.set(name, name)
        pipeline.lpush(name, "x")
        pipeline.get(name)
    found = pipeline.execute(raise_on_error=False)
    assert found[::3] == [True] * len(NAMES)
    assert all("WRONGTYPE" in str(error) for error in found[1::3])
    assert found[2::3] == NAMES
    assert client.pipeline(transaction=False).execute() == []


def test_a_pipeline_raises_its_first_error_when_it_shall(client: Client) -> None:
    pipeline = client.pipeline(transaction=False).set("a", "1").lpush("a", "x")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        pipeline.execute()


def test_a_transaction_is_refused_before_anything_is_sent(client: Client) -> None:
    with pytest.raises(ValueError, match="no transactions"):
        client.pipeline()


def test_what_has_no_key_goes_to_the_node_of_the_key_that_is_meant(
    cluster: Cluster, redis_cluster: RedisCluster
) -> None:
    for name in NAMES[:6]:
        info = cluster.execute_command("INFO", "server", near=name)
        assert info["tcp_port"] == redis_cluster.node(name).port
        assert cluster.place(name) == ("127.0.0.1", redis_cluster.node(name).port)
    assert abs(now_ms(cluster, "a") - time.time() * 1000) < 2_000
    assert cluster.ping()


def test_connecting_opens_no_connection_and_says_where(redis_cluster: RedisCluster) -> None:
    port = free_port()
    with connect(f"redis+cluster://ann:secret@127.0.0.1:{port}/0", timeout=0.3, name="t") as client:
        assert where(client) == f"127.0.0.1:{port}"
        assert is_cluster(client)
        with pytest.raises(StoreUnavailable) as caught, answers(client):
            client.ping()
    assert "secret" not in str(caught.value)


def test_each_connection_says_its_name(cluster: Cluster) -> None:
    for name in NAMES[:6]:
        assert cluster.execute_command("CLIENT GETNAME", near=name) == "test"


def test_any_node_leads_to_all(redis_cluster: RedisCluster, cluster_store: str) -> None:
    for node in redis_cluster.nodes:
        with connect(redis_cluster.url_of(node), timeout=2, name="t") as client:
            assert [client.set(name, "1") for name in NAMES[:6]] == [True] * 6


# Addresses that name the wrong kind of store, and users without the right.


def test_one_server_under_the_name_of_a_cluster_is_refused_with_what_to_write(redis_server: RedisProcess) -> None:
    url = f"redis+cluster://127.0.0.1:{redis_server.port}"
    with (
        connect(url, timeout=2, name="t") as client,
        pytest.raises(StoreRefused, match="write redis://") as caught,
        answers(client),
    ):
        client.ping()
    assert f"127.0.0.1:{redis_server.port}" in str(caught.value)


def test_a_node_under_the_name_of_one_server_is_refused_with_what_to_write(redis_cluster: RedisCluster) -> None:
    url = f"redis://127.0.0.1:{redis_cluster.nodes[0].port}"
    with (
        connect(url, timeout=2, name="t") as client,
        pytest.raises(StoreRefused, match=r"write redis\+cluster://"),
        answers(client),
    ):
        [client.get(name) for name in NAMES]


def test_a_wrong_password_is_a_refusal_and_not_silence(redis_cluster: RedisCluster) -> None:
    url = f"redis+cluster://ann:wrong@127.0.0.1:{redis_cluster.nodes[0].port}"
    with connect(url, timeout=1, name="t") as client, pytest.raises(StoreRefused), answers(client):
        client.ping()


def test_keys_of_several_slots_in_one_command_are_a_mistake_that_is_told(client: Client) -> None:
    with pytest.raises(redis.ResponseError, match="slot"), answers(client):
        client.execute_command("MGET", *NAMES)


# Scripts.


def test_a_script_is_loaded_at_each_node_that_lacks_it(client: Client, redis_cluster: RedisCluster) -> None:
    exchanges = [Exchange(number, name, name) for number, name in enumerate(NAMES, 1)]
    for exchange in exchanges:
        entry = transition(sample(), 0, "idle", "starting", "test")
        assert ActivityLog(client, exchange, 1_000).append(entry)
    assert len({redis_cluster.node(keys.activity(exchange.name)).port for exchange in exchanges}) == 3


def test_a_script_that_one_node_has_forgotten_is_loaded_there_again(
    client: Client, redis_cluster: RedisCluster
) -> None:
    claims = RedisClaims(client, 4, 45, 0)
    claims.acquire("n", "i", None, claim_body("i"))
    with redis_cluster.node(keys.status(4)).client() as node:
        node.script_flush()
    assert isinstance(claims.acquire("n", "i", None, claim_body("i")), Granted)


# A layout that is not true any more.


def test_after_a_failure_the_layout_is_asked_for_anew(cluster: Cluster) -> None:
    """As after a failover: the node that is known for a slot does not answer, and another serves it by now."""
    cluster.set("a", "1")
    slot = redis.crc.key_slot(b"a")
    cluster._current().slots[slot] = ("127.0.0.1", free_port())
    with pytest.raises(redis.ConnectionError):
        cluster.get("a")
    assert cluster.get("a") == "1"


def test_nodes_that_send_a_client_on_and_on_are_no_answer(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Place] = []

    def send_on(place: Place, commands: object) -> list[redis.exceptions.MovedError]:
        asked.append(place)
        return [redis.exceptions.MovedError(f"1 127.0.0.1:{7000 + len(asked)}")]

    cluster.ping()
    monkeypatch.setattr(cluster, "_at", send_on)
    with pytest.raises(StoreUnavailable, match="on and on"), answers(cluster):
        cluster.get("a")
    assert len(asked) == HOPS


# Slots that move.


@pytest.fixture
def move(redis_cluster: RedisCluster, client: Client) -> Iterator[Move]:
    client.get("known")
    move = Move(redis_cluster, keys.status(4))
    yield move
    move.back()


def test_a_slot_that_has_moved_is_followed(client: Client, move: Move) -> None:
    move.begin()
    move.end()
    assert client.set(move.key, "1")
    pipeline = client.pipeline(transaction=False)
    for name in (*NAMES, move.key):
        pipeline.get(name)
    assert pipeline.execute()[-1] == "1"
    with move.new.client() as node:
        assert node.get(move.key) == "1"


def test_a_pipeline_follows_a_slot_that_moved_since_it_was_asked_for(client: Client, move: Move) -> None:
    client.set(move.key, "1")
    move.begin()
    move.carry(move.key)
    move.end()
    pipeline = client.pipeline(transaction=False)
    for name in (*NAMES, move.key):
        pipeline.get(name)
    assert pipeline.execute() == [None] * len(NAMES) + ["1"]


def test_a_key_that_has_gone_ahead_of_its_slot_is_asked_for_where_it_is(client: Client, move: Move) -> None:
    client.set(move.key, "1")
    move.begin()
    move.carry(move.key)
    assert client.get(move.key) == "1"
    assert client.pipeline(transaction=False).get(move.key).get("other").execute() == ["1", None]


def test_a_script_runs_while_its_slot_moves_even_where_it_was_never_loaded(client: Client, move: Move) -> None:
    claims = RedisClaims(client, 4, 45, 0)
    grant = claims.acquire("n", "i", None, claim_body("i"))
    move.begin()
    move.carry(keys.status(4), keys.last_record(4))
    with move.new.client() as node:
        node.script_flush()
    again = claims.acquire("n", "i", None, claim_body("i"))
    assert isinstance(grant, Granted)
    assert isinstance(again, Granted)
    assert again.token == grant.token


def test_a_script_whose_keys_are_on_two_nodes_just_then_gets_no_answer(client: Client, move: Move) -> None:
    claims = RedisClaims(client, 4, 45, 0)
    claims.acquire("n", "i", None, claim_body("i"))
    move.begin()
    move.carry(keys.status(4))
    with pytest.raises(StoreUnavailable):
        claims.acquire("n", "i", None, claim_body("i"))

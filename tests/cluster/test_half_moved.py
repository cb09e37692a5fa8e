"""A slot whose move was begun and not ended: scripts on its keys are refused, and every part says so, by its number."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.crc import key_slot

from perseus import keys
from perseus.errors import StoreRefusesWrites
from perseus.ingest.membership import Membership
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import RedisClaims
from perseus.network.view.directory import Directory
from perseus.pluginhost.manager import load
from perseus.store import Client, connect
from perseus.store.refusal import HALF_MOVED
from perseus.web.network.notices import notices
from tests.cluster.moving import Move
from tests.conftest import KRAKEN, short
from tests.datastores import acquaint
from tests.plugins.shelf import REGISTRY
from tests.redis_cluster import RedisCluster

OTHER = Exchange(2, "other", "Other")
LEASE, LOG = keys.status(KRAKEN.id), keys.activity(KRAKEN.name)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A Cluster of this module's own, as slots are moved in it."""
    cluster = RedisCluster(tmp_path_factory.mktemp("moved"))
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture
def client(own: RedisCluster) -> Iterator[Client]:
    own.flush()
    with connect(own.url, timeout=1, name="t") as client:
        client.set(keys.INITIALISED, "kept")
        acquaint(client, KRAKEN)
        yield client


@contextmanager
def half_moved(own: RedisCluster, key: str) -> Iterator[Move]:
    move = Move(own, key)
    move.begin()
    try:
        yield move
    finally:
        move.back()


@pytest.mark.parametrize("key", [LEASE, LOG])
def test_every_reading_tells_of_it_with_its_slot_and_whom_it_concerns(
    own: RedisCluster, client: Client, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    directory = Directory(client, lambda: (KRAKEN, OTHER))
    assert directory.view().store.refused is None
    slot = key_slot(key.encode())
    with half_moved(own, key):
        view, state = directory.view(), directory.store_state()
        for told in (view.store, state):
            assert told.answers
            (one,) = told.refusing
            assert (told.refused, one.code, one.slot) == (HALF_MOVED, HALF_MOVED, slot)
            assert (one.leases, one.logs) == ((("kraken",), ()) if key == LEASE else ((), ("kraken",)))
        text = notices(view, None)[0].text
        assert f"answers TRYAGAIN: slot {slot} is half moved" in text
        assert f"refuses writes: TRYAGAIN slot {slot} is half moved" in caplog.text
        assert "perseus doctor" in caplog.text
    assert directory.view().store.refused is None
    assert f"slot {slot}, takes writes again" in caplog.text


def test_a_claim_there_names_the_node_and_the_slot(own: RedisCluster, client: Client) -> None:
    with half_moved(own, LEASE) as move, pytest.raises(StoreRefusesWrites) as caught:
        RedisClaims(client, KRAKEN.id, 45, 0).acquire("nonce", "i-1-a", None, '{"instanceId":"i-1-a"}')
    assert caught.value.where == f"127.0.0.1:{move.new.port}"
    assert f"slot {key_slot(LEASE.encode())} is half moved" in str(caught.value)


def test_keys_that_are_all_at_one_node_are_no_trouble(own: RedisCluster, client: Client) -> None:
    """As it is through most of a move: what scripts would be answered is what is told."""
    for names in KRAKEN.written:
        for name in names:
            client.set(name, "x")
    with half_moved(own, LOG) as move:
        directory = Directory(client, lambda: (KRAKEN,))
        assert directory.store_state().refused is None
        move.carry(LOG)
        assert directory.store_state().refused == HALF_MOVED
        move.carry(keys.activity_meta(KRAKEN.name))
        assert directory.store_state().refused is None


@pytest.mark.parametrize("key", [LEASE, LOG])
def test_a_start_waits_for_the_move_and_claims_nothing(
    own: RedisCluster, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    settings = short(tmp_path, redis_url=SecretStr(own.url), store_wait_seconds=0.3, public_ip_services=())
    membership = Membership(settings, load(entry_points=[REGISTRY]))
    pause: Callable[[float], object] = time.sleep
    before = client.hgetall(keys.last_record(KRAKEN.id))
    try:
        with half_moved(own, key) as move:
            with pytest.raises(StoreRefusesWrites, match="is half moved"):
                membership.claim(KRAKEN, pause)
            assert f"slot {key_slot(key.encode())} is half moved" in caplog.text
            assert not client.exists(LEASE)
            if key == LOG:
                assert client.hgetall(keys.last_record(KRAKEN.id)) == before
            move.end()
    finally:
        membership.close(1)

"""Nodes that hang or die: a call ends in time, is not sent twice, and the other nodes' keys are served."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Condition, Directory
from perseus.store import answers, connect
from perseus.store.cluster import Cluster
from tests.network.network_keys import put_live
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess

TIMEOUT = 0.3
NAMES = [f"name-{number}" for number in range(60)]


@pytest.fixture(scope="module")
def brittle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A Cluster of this module's own, whose nodes go on without each other."""
    cluster = RedisCluster(tmp_path_factory.mktemp("brittle"), "--cluster-require-full-coverage", "no")
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture
def impatient(brittle: RedisCluster) -> Iterator[Cluster]:
    """A client that knows the layout and has a script at every node."""
    brittle.wait_until_whole()
    brittle.flush()
    with connect(brittle.url, timeout=TIMEOUT, name="t") as client:
        assert isinstance(client, Cluster)
        for name in NAMES:
            client.incr(name)
        yield client


@pytest.fixture
def frozen(brittle: RedisCluster, impatient: Cluster) -> Iterator[RedisProcess]:
    node = brittle.node(NAMES[0])
    node.freeze()
    yield node
    node.thaw()


def of_others(client: Cluster, node: RedisProcess) -> str:
    """A name that another node serves, as far as the client knows."""
    return next(name for name in NAMES if client.place(name)[1] != node.port)


def test_a_node_that_hangs_fails_within_the_time_out_and_is_not_asked_again(
    impatient: Cluster, frozen: RedisProcess
) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"node 127.0.0.1:{frozen.port}"), answers(impatient):
        impatient.incr(NAMES[0])
    assert time.monotonic() - began < 2 * TIMEOUT
    frozen.thaw()
    with frozen.client() as node:
        assert node.get(NAMES[0]) == "2"  # once before, once applied late: a retry would make it 3


def test_a_pipeline_over_a_node_that_hangs_fails_once_and_not_once_for_each_command(
    impatient: Cluster, frozen: RedisProcess
) -> None:
    began = time.monotonic()
    for _ in range(2):
        pipeline = impatient.pipeline(transaction=False)
        for name in NAMES:
            pipeline.get(name)
        with pytest.raises(redis.TimeoutError):
            pipeline.execute(raise_on_error=False)
    assert time.monotonic() - began < 2 * 2 * TIMEOUT + TIMEOUT


def test_what_other_nodes_have_is_served_meanwhile(impatient: Cluster, frozen: RedisProcess) -> None:
    with pytest.raises(redis.TimeoutError):
        impatient.get(NAMES[0])
    assert impatient.get(of_others(impatient, frozen)) == "1"


def test_a_first_contact_that_hangs_ends_in_time_too(brittle: RedisCluster, frozen: RedisProcess) -> None:
    with connect(brittle.url_of(frozen), timeout=TIMEOUT, name="t") as client:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable), answers(client):
            client.get("a")
        assert time.monotonic() - began < 2 * TIMEOUT


def test_a_client_whose_first_node_died_finds_its_way_by_the_others(brittle: RedisCluster, impatient: Cluster) -> None:
    seed = brittle.nodes[0]
    name = of_others(impatient, seed)
    lost = next(each for each in NAMES if brittle.node(each) is seed)
    seed.kill()
    try:
        for _ in range(3):
            with pytest.raises(StoreUnavailable), answers(impatient):
                impatient.get(lost)
            assert impatient.get(name) == "1"
    finally:
        seed.start()
    brittle.wait_until_whole()
    assert impatient.set(lost, "back")


def test_a_node_that_died_makes_the_network_unknown_and_its_return_known_again(
    brittle: RedisCluster, impatient: Cluster
) -> None:
    exchanges = [Exchange(number, f"x{number}", "X") for number in range(1, 9)]
    impatient.set(keys.INITIALISED, "kept")
    for exchange in exchanges:
        put_live(impatient, exchange)
    directory = Directory(impatient, lambda: exchanges)
    assert {status.condition for status in directory.view().exchanges} == {Condition.ACTIVE}
    node = brittle.node(keys.activity("x1"))
    node.kill()
    try:
        view = directory.view()
        assert not view.store.answers
        assert {status.condition for status in view.exchanges} == {Condition.UNKNOWN}
    finally:
        node.start()
    brittle.wait_until_whole()
    assert directory.view().store.answers


def test_a_slot_that_nobody_serves_is_no_answer(brittle: RedisCluster, impatient: Cluster) -> None:
    slot = redis.crc.key_slot(b"orphan")
    owner = brittle.node("orphan")
    for node in brittle.nodes:
        with node.client() as admin:
            admin.execute_command("CLUSTER DELSLOTS", slot)
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable), answers(impatient):
                impatient.get("orphan")
        assert impatient.get(NAMES[0]) == "1"
    finally:
        with owner.client() as admin:
            admin.execute_command("CLUSTER ADDSLOTS", slot)
    with owner.client() as admin:
        assert admin.get("orphan") is None

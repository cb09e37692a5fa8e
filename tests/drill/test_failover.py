"""How a drill makes a store fail over: asked of stand-ins here, of real ones in `make long`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from perseus import keys
from perseus.drill import failover, rounds
from perseus.drill.failover import ByHand, CannotFailOver, OfCluster, OfSentinel
from perseus.drill.practice import PRACTICE_ID, practice
from perseus.drill.stage import Stage
from perseus.store import Client, at, connect
from perseus.store.cluster import Cluster
from perseus.store.finder import Finder
from perseus.store.sentinel import Sentinel
from tests.conftest import short
from tests.instances import eventually
from tests.redis_cluster import RedisCluster
from tests.redis_pair import RedisPair
from tests.redis_process import RedisProcess
from tests.redis_sentinel import RedisSentinel

KEY = keys.status(PRACTICE_ID)


def test_one_server_alone_does_not_fail_over(client: Client) -> None:
    assert failover.kind(client) == "one server"
    with pytest.raises(CannotFailOver, match="--failover by-hand"):
        failover.of(client, KEY, lambda _: client)


def test_a_drill_of_a_cluster_says_which_node_it_is_about(cluster_store: str, redis_cluster: RedisCluster) -> None:
    with connect(cluster_store, timeout=2, name="test") as client:
        said = failover.scope(client, KEY)
    assert f"at the node 127.0.0.1:{redis_cluster.node(KEY).port}, so it is that node alone which is drilled" in said
    assert "nothing is shown of the other 2" in said


def test_a_drill_of_one_server_is_about_all_of_it(own_server: RedisProcess) -> None:
    with connect(own_server.url, timeout=2, name="test") as client:
        assert failover.scope(client, KEY) == ""


def test_a_cluster_without_replicas_does_not_fail_over(cluster_store: str) -> None:
    with connect(cluster_store, timeout=2, name="test") as client:
        assert failover.kind(client) == "a Redis Cluster"
        change = failover.of(client, KEY, lambda _: client)
        with pytest.raises(CannotFailOver, match="has no replica that could take over") as caught:
            change.strike()
    assert not caught.value.is_owed


class Node:
    """A replica of a Cluster that answers as it is told to."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def execute_command(self, command: str, **_: object) -> Any:
        self.asked.append(command)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


class Told(Cluster):
    """A Cluster of two primaries, of which the second serves KEY and has one replica."""

    def __init__(self) -> None:
        self.ranges = [[0, 0, ["10.0.0.1", 1, "a"]], [1, 16_383, ["10.0.0.2", 2, "b"], ["10.0.0.3", 3, "c"]]]
        super().__init__([("10.0.0.1", 1)], "10.0.0.1:1", lambda place, _: redis.Redis(*place), 1)

    def place(self, key: str) -> tuple[str, int]:
        return "10.0.0.2", 2

    def execute_command(self, *_: Any, **__: Any) -> Any:
        return self.ranges


def test_the_replica_of_the_very_node_is_asked_and_is_done_once_it_says_so() -> None:
    node = Node(["slave"], True, redis.ConnectionError("away"), ["slave"], ["master"])
    places: list[object] = []

    def make(place: object) -> Client:
        places.append(place)
        return cast(Client, node)

    change = OfCluster(Told(), KEY, make)
    change.strike()
    assert [change.is_done() for _ in range(3)] == [False, False, True]
    assert node.asked == ["ROLE", "CLUSTER FAILOVER", "ROLE", "ROLE", "ROLE"]
    assert set(places) == {("10.0.0.3", 3)}


def test_a_replica_that_nobody_votes_for_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(["slave"], True, ["slave"], ["slave"], True, ["master"])
    change = OfCluster(Told(), KEY, lambda _: cast(Client, node))
    change.strike()
    assert not change.is_done()
    monkeypatch.setattr(failover, "AGAIN_SECONDS", -1.0)
    assert not change.is_done()
    assert change.is_done()
    assert node.asked == ["ROLE", "CLUSTER FAILOVER", "ROLE", "ROLE", "CLUSTER FAILOVER", "ROLE"]


@pytest.mark.parametrize("before", [(), (["slave"],)], ids=["role", "failover"])
def test_a_replica_that_may_not_is_told_with_its_reason_and_the_right_that_lacks(before: tuple[Any, ...]) -> None:
    node = Node(*before, redis.exceptions.NoPermissionError("no permissions to run the 'cluster' command"))
    change = OfCluster(Told(), KEY, lambda _: cast(Client, node))
    with pytest.raises(CannotFailOver, match=r"10\.0\.0\.3:3 does not do it \(no permissions.*\+role") as caught:
        change.strike()
    assert caught.value.is_owed


class Sentinels(Finder):
    """They answer as they are told to."""

    def __init__(self, answer: Any = True) -> None:
        self.service = "perseus"
        self.answer = answer
        self.place = ("10.0.0.1", 1)
        self.asked: list[tuple[str, ...]] = []
        self.doubts = 0

    def primary(self) -> tuple[str, int]:
        return self.place

    def doubt(self, place: tuple[str, int]) -> None:
        assert place == ("10.0.0.1", 1)
        self.doubts += 1

    def at_one(self, *command: str) -> Any:
        self.asked.append(command)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def sentinel(finder: Finder) -> Sentinel:
    made = object.__new__(Sentinel)
    made.finder = finder
    return made


def test_one_sentinel_is_asked_and_it_is_done_once_they_name_another_primary() -> None:
    finder = Sentinels()
    change = OfSentinel(sentinel(finder))
    change.strike()
    assert finder.asked == [("SENTINEL", "FAILOVER", "perseus")]
    assert not change.is_done()
    finder.place = ("10.0.0.2", 2)
    assert change.is_done()
    assert finder.doubts == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (redis.ResponseError("NOGOODSLAVE No suitable replica to promote"), "has no replica that could take over"),
        (redis.ResponseError("INPROG Failover already in progress"), "INPROG"),
        (redis.ConnectionError("Error 111"), "no sentinel answers"),
    ],
)
def test_sentinels_that_do_not_do_it_are_told(error: Exception, said: str) -> None:
    change = OfSentinel(sentinel(Sentinels(error)))
    with pytest.raises(CannotFailOver, match=said):
        change.strike()


def test_a_failover_by_hand_is_seen_by_the_server_that_answers(own_server: RedisProcess) -> None:
    with connect(own_server.url, timeout=0.3, name="test") as client:
        change = ByHand(client, KEY)
        own_server.kill()
        change.strike()
        assert not change.is_done()
        own_server.start()
        assert change.is_done()


def test_a_failover_by_hand_that_nobody_makes_is_given_up(client: Client) -> None:
    with pytest.raises(CannotFailOver, match=r"nobody made one within 0.1 s \(--wait gives more\)"):
        ByHand(client, KEY, 0.1).strike()


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[RedisSentinel]:
    made = RedisSentinel(tmp_path / "sentinel")
    try:
        yield made.start()
    finally:
        made.kill()


@pytest.mark.long
def test_a_holder_lives_through_a_failover_by_sentinels(sentinels: RedisSentinel, tmp_path: Path) -> None:
    before = sentinels.primary.port
    check(sentinels.url, tmp_path, 1)
    assert sentinels.primary.port != before


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[RedisCluster]:
    made = RedisCluster(tmp_path / "cluster", replicas=1)
    try:
        yield made.start()
    finally:
        made.kill()


@pytest.mark.long
def test_a_holder_lives_through_a_failover_of_a_cluster(replicated: RedisCluster, tmp_path: Path) -> None:
    check(replicated.url, tmp_path, 2)


def check(url: str, folder: Path, times: int) -> None:
    """So many failovers in a row."""
    with connect(url, timeout=1, name="test") as client:
        client.set(keys.INITIALISED, "kept")
        for number in range(times):
            stage = Stage(practice(), short(folder), url, client, folder / str(number))
            change = failover.of(client, KEY, lambda place: at(url, place, timeout=1, name="test"))
            outcome = rounds.failed_over(stage, change)
            assert outcome.wrong is None
            assert outcome.skipped is None
            assert outcome.overlap == 0
            assert outcome.detected is not None
            assert outcome.takeover is not None
            assert outcome.takeover < 15


def test_a_primary_with_replicas_is_not_called_one_server(tmp_path: Path) -> None:
    with RedisPair(tmp_path / "pair") as pair, connect(pair.primary.url, timeout=1, name="test") as client:
        assert failover.kind(client) == "one primary with 1 replica"


@pytest.mark.long
def test_a_failover_by_hand_is_measured_from_its_first_sign_on(tmp_path: Path) -> None:
    with RedisPair(tmp_path / "pair") as pair, connect(pair.way.url, timeout=1, name="test") as client:
        client.set(keys.INITIALISED, "kept")
        stage = Stage(practice(), short(tmp_path), pair.way.url, client, tmp_path / "drill")
        change = ByHand(client, KEY)
        hand = threading.Thread(target=promote_once_contended, args=(pair, stage))
        hand.start()
        outcome = rounds.failed_over(stage, change)
        hand.join()
    assert outcome.wrong is None
    assert outcome.overlap == 0
    assert outcome.takeover is not None
    assert outcome.takeover < 15


def promote_once_contended(pair: RedisPair, stage: Stage) -> None:
    """When the second instance is there, and some time later."""
    eventually(lambda: stage.folder.exists() and len(list(stage.folder.iterdir())) == 2, 30)
    some_time_at_work = 3.0
    time.sleep(some_time_at_work)
    pair.promote()

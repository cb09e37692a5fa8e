"""Each node of a Cluster has a clock and a memory of its own: no node speaks for another's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Condition, Directory
from perseus.network.view.watcher import Watcher
from perseus.settings import Settings
from perseus.store import Client
from perseus.store.batch import Batch
from perseus.store.cluster import Cluster, Command
from perseus.store.layout import Place
from tests.conftest import ManualClock, short
from tests.instances import Party
from tests.network.network_keys import put_last, put_live
from tests.network.watch import put_record, store_ms
from tests.redis_cluster import RedisCluster

HOUR_MS = 3_600_000


@pytest.fixture
def exchanges(client: Client) -> list[Exchange]:
    """One for each node: its lease lives there, its log on another, and the mark of `perseus init` not at the first."""
    assert isinstance(client, Cluster)
    found: dict[Place, Exchange] = {}
    for number in range(1, 2_000):
        home = client.place(keys.status(number))
        if home not in found and client.place(keys.activity(f"x{number}")) != home:
            found[home] = Exchange(number, f"x{number}", "X")
    assert len(found) == 3
    return sorted(found.values(), key=lambda exchange: home_has_mark(client, exchange))


def home_has_mark(client: Cluster, exchange: Exchange) -> bool:
    return client.place(keys.INITIALISED) == client.place(keys.status(exchange.id))


def test_an_exchange_whose_node_was_emptied_is_unknown_although_the_mark_is_there(
    client: Client, redis_cluster: RedisCluster, exchanges: list[Exchange]
) -> None:
    for exchange in exchanges:
        put_last(client, exchange, 60_000)
        client.xadd(keys.activity(exchange.name), {"event": "error"})
    with redis_cluster.node(keys.status(exchanges[0].id)).client() as node:
        node.flushall()
    first, *others = Directory(client, lambda: exchanges).view().exchanges
    assert (first.condition, first.reason) == (Condition.UNKNOWN, "the data store was emptied: nothing is recorded")
    assert first.reason not in [other.reason for other in others]


def test_an_exchange_that_nobody_ever_claimed_is_never_seen(client: Client, exchanges: list[Exchange]) -> None:
    found = Directory(client, lambda: exchanges).view().exchanges
    assert {status.condition for status in found} == {Condition.NEVER_SEEN}


def test_a_claim_on_a_node_that_knows_nothing_of_the_exchange_waits_until_no_old_holder_can_work(
    party: Party, cluster_store: str, exchanges: list[Exchange], tmp_path: Path
) -> None:
    instance = party.join(cluster_store, short(tmp_path), exchange=exchanges[0])
    assert not instance.valid()
    instance.stop("test")
    again = party.join(cluster_store, short(tmp_path), exchange=exchanges[0])
    assert again.wait_valid(5)


def test_a_lost_mark_is_told_and_the_cards_that_are_known_stay(client: Client, exchanges: list[Exchange]) -> None:
    put_live(client, exchanges[0])
    client.delete(keys.INITIALISED)
    view = Directory(client, lambda: exchanges).view()
    assert view.store.emptied
    assert [status.condition for status in view.exchanges] == [Condition.ACTIVE, *[Condition.UNKNOWN] * 2]


# A node whose clock is an hour ahead of the others.


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch, client: Client, exchanges: list[Exchange]) -> Exchange:
    assert isinstance(client, Cluster)
    place, exchange = client.place(keys.status(exchanges[1].id)), exchanges[1]
    ask = Cluster._at

    def hurried(self: Cluster, at: Place, commands: list[Command]) -> list[Any]:
        told = ask(self, at, commands)
        is_time = [args == ("TIME",) and at == place for args, _ in commands]
        return [
            (answer[0] + HOUR_MS // 1000, answer[1]) if hurries else answer
            for answer, hurries in zip(told, is_time, strict=True)
        ]

    monkeypatch.setattr(Cluster, "_at", hurried)
    return exchange


def test_the_time_of_a_batch_is_that_of_the_node_of_each_key(
    client: Client, fast: Exchange, exchanges: list[Exchange]
) -> None:
    batch = Batch(client)
    for exchange in exchanges:
        batch.add("GET", keys.status(exchange.id))
    batch.run()
    slow_ms, fast_ms, _ = (batch.now_ms(keys.status(exchange.id)) for exchange in exchanges)
    assert HOUR_MS - 5_000 < fast_ms - slow_ms < HOUR_MS + 5_000


def test_a_death_is_judged_by_the_clock_that_wrote_the_lease(
    client: Client, fast: Exchange, exchanges: list[Exchange], clock: ManualClock
) -> None:
    watcher = Watcher(client, lambda: exchanges, Settings(), clock)
    for exchange in exchanges:
        put_record(client, -20_000, exchange)
    put_record(client, 2_000 - HOUR_MS, fast)
    watcher.look()
    clock.advance(15)
    watcher.look()
    assert [client.xlen(keys.activity(exchange.name)) for exchange in exchanges] == [0, 1, 0]


def test_a_card_is_judged_by_the_clock_that_wrote_the_lease(
    client: Client, fast: Exchange, exchanges: list[Exchange]
) -> None:
    for exchange in exchanges:
        put_last(client, exchange, 60_000)
    put_last(client, fast, 60_000 - HOUR_MS)
    client.hset(keys.last_record(fast.id), "until_ms", store_ms(client) + HOUR_MS + 9_000)
    found = Directory(client, lambda: exchanges).view().exchanges
    assert found[1].reason == "its lease vanished before its time"

"""The view of the network: one pipeline, judged by the store's clock, never an exception for a store that is down."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from perseus import keys
from perseus.control import hosts
from perseus.control.hosts import Report
from perseus.errors import UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS
from perseus.network.view.directory import Condition, Directory
from perseus.store import Client
from tests.conftest import ManualClock
from tests.network.network_keys import ALL, X1, X2, X3, put_last, put_live, store_ms


@pytest.fixture
def directory(client: Client) -> Directory:
    return Directory(client, lambda: ALL)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number for each time that something goes out to a store: how many bytes."""
    seen: list[int] = []
    send = redis.connection.AbstractConnection.send_packed_command

    def spy(self: redis.connection.AbstractConnection, command: Any, check_health: bool = True) -> None:
        packed = [command] if isinstance(command, bytes | str) else list(command)
        seen.append(sum(len(part) for part in packed))
        send(self, packed, check_health)

    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", spy)
    return seen


def test_each_exchange_is_judged_by_its_own_keys_in_the_order_of_the_database(
    client: Client, directory: Directory
) -> None:
    put_live(client, X1)
    put_last(client, X2, 60_000)
    put_last(client, X3, 60_000, closed="1", closed_ms=str(store_ms(client)), reason="SIGTERM")
    found = directory.view().exchanges
    assert [status.exchange for status in found] == list(ALL)
    assert found[0].condition is Condition.ACTIVE
    assert found[2].condition is Condition.STOPPED
    assert found[3].condition is Condition.NEVER_SEEN
    assert found[0].heartbeat_age_ms == pytest.approx(5_000, abs=200)


def test_the_times_of_a_view_are_the_store_s(client: Client, directory: Directory, clock: ManualClock) -> None:
    clock.wall = 0
    directory = Directory(client, lambda: ALL, clock)
    before = store_ms(client)
    assert before <= directory.view().now_ms <= store_ms(client)


@pytest.mark.not_on("cluster", why="a Cluster has one pipeline a node: see tests/cluster/test_directory.py")
@pytest.mark.parametrize("number", [1, 4, 50])
def test_a_view_is_one_pipeline_however_many_exchanges(client: Client, sent: list[int], number: int) -> None:
    exchanges = [Exchange(each, f"x{each}", "X") for each in range(1, number + 1)]
    directory = Directory(client, lambda: exchanges)
    client.ping()
    sent.clear()
    assert len(directory.view().exchanges) == number
    assert len(sent) == 1


@pytest.mark.not_on("cluster", why="a Cluster has one pipeline a node: see tests/cluster/test_directory.py")
def test_a_page_of_activity_and_one_exchange_are_one_pipeline_each(
    client: Client, directory: Directory, sent: list[int]
) -> None:
    client.ping()
    sent.clear()
    directory.activity(50)
    directory.exchange(3)
    assert len(sent) == 2


def test_no_exchanges_are_an_empty_network(client: Client) -> None:
    view = Directory(client, lambda: ()).view()
    assert (view.exchanges, view.events, view.older) == ((), (), None)


@pytest.mark.parametrize("key", [keys.status(2), keys.last_record(2), keys.activity("x2"), keys.activity_meta("x2")])
def test_a_key_of_another_type_is_corrupt_and_spoils_no_other_card(
    client: Client, directory: Directory, key: str
) -> None:
    put_live(client, X1)
    client.delete(key)
    client.sadd(key, "not ours")
    found = directory.view().exchanges
    assert found[0].condition is Condition.ACTIVE
    if key != keys.activity_meta("x2"):
        assert found[1].condition is Condition.CORRUPT
        assert "of another type" in (found[1].reason or "")


@pytest.mark.parametrize("junk", [{"token": "²", "until_ms": "1"}, {"until_ms": "soon"}, {"token": "7", "x": "y"}])
def test_a_last_record_of_junk_is_corrupt_and_spoils_no_other_card(
    client: Client, directory: Directory, junk: dict[str, str]
) -> None:
    put_live(client, X1)
    client.hset(keys.last_record(2), mapping=junk)
    found = directory.view().exchanges
    assert [found[0].condition, found[1].condition] == [Condition.ACTIVE, Condition.CORRUPT]


def test_a_lease_without_an_end_is_corrupt(client: Client, directory: Directory) -> None:
    put_live(client, X1)
    client.persist(keys.status(1))
    assert directory.view().exchanges[0].condition is Condition.CORRUPT


@pytest.mark.not_on("cluster", why="each node has a memory of its own: see tests/cluster/test_memory.py")
def test_an_emptied_store_is_said_and_proves_nothing(client: Client, directory: Directory) -> None:
    assert not directory.view().store.emptied
    client.flushall()
    view = directory.view()
    assert view.store.emptied
    assert {status.condition for status in view.exchanges} == {Condition.UNKNOWN}


def test_a_stand_in_store_is_said_to_keep_nothing(client: Client, directory: Directory) -> None:
    assert directory.view().store.kept
    client.set(keys.INITIALISED, "not kept")
    assert not directory.view().store.kept


def test_the_storm_cap_is_told_while_it_cut_inside_90_days(client: Client, directory: Directory) -> None:
    now_ms = store_ms(client)
    client.hset(keys.activity_meta("x1"), "cut_before_ms", now_ms - RETENTION_MS - 1_000)
    client.hset(keys.activity_meta("x2"), "cut_before_ms", now_ms - 1_000)
    client.hset(keys.activity_meta("x3"), "cut_before_ms", "²")
    assert directory.view().capped == ("x2",)


def test_one_exchange_by_its_id_and_an_unknown_one_by_an_error_that_names_the_known(
    client: Client, directory: Directory
) -> None:
    put_live(client, X3)
    assert directory.exchange(3).condition is Condition.ACTIVE
    with pytest.raises(UnknownExchange, match=r"'99' is not a known exchange. Known: 1 \(x1\)"):
        directory.exchange(99)


@pytest.mark.not_on("cluster", why="a Cluster has one pipeline a node: see tests/cluster/test_directory.py")
def test_the_processes_that_take_commands_come_with_the_same_reading(
    client: Client, directory: Directory, sent: list[int]
) -> None:
    report = Report(target="a-1-00000001", hostname="a", pid=1, at=0, role="idle")
    hosts.write(client, report)
    directory.view()
    before = len(sent)
    assert [one.target for one in directory.view().hosts] == ["a-1-00000001"]
    assert len(sent) <= before + 1


def test_what_is_no_list_of_processes_hides_nothing_else(client: Client, directory: Directory) -> None:
    client.set(keys.HOSTS, "junk")
    put_live(client, X1)
    view = directory.view()
    assert view.hosts == ()
    assert view.exchanges[0].condition is Condition.ACTIVE

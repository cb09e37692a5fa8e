"""Which processes take commands, as far as they say so themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.control import hosts
from perseus.control.hosts import FORGOTTEN_MS, GONE_AFTER_MS, Report
from perseus.store import Client, connect, now_ms
from perseus.store.batch import Batch


@pytest.fixture
def client(store: str) -> Iterator[Client]:
    with connect(store, timeout=2, name="test") as client:
        yield client


def report(target: str = "a-1-00000001", **changes: object) -> Report:
    return Report.model_validate({"target": target, "hostname": "a", "pid": 1, "at": 0, "role": "idle", **changes})


def put(client: Client, one: Report) -> None:
    client.hset(keys.HOSTS, one.target, json.dumps(one.model_dump(by_alias=True)))


def test_a_report_is_read_as_it_was_written_at_the_store_s_time(client: Client) -> None:
    began = now_ms(client, keys.HOSTS)
    hosts.write(client, report(role="serving", exchange_name="kraken", exchange_id=4, doing="warming"))
    (found,) = hosts.read(client)
    assert (found.role, found.exchange_name, found.exchange_id, found.doing) == ("serving", "kraken", 4, "warming")
    assert began <= found.at <= now_ms(client, keys.HOSTS)


def test_reports_come_with_what_else_a_batch_asks_for(client: Client) -> None:
    hosts.write(client, report())
    batch = Batch(client)
    batch.add("GET", keys.INITIALISED)
    hosts.add(batch)
    _, answer = batch.run()
    assert [one.target for one in hosts.told(batch, answer)] == ["a-1-00000001"]


def test_a_report_that_is_old_is_of_nobody_and_is_swept_once_it_is_long_gone(client: Client) -> None:
    now = now_ms(client, keys.HOSTS)
    put(client, report("old", at=now - GONE_AFTER_MS - 1))
    put(client, report("ancient", at=now - FORGOTTEN_MS - 1))
    client.hset(keys.HOSTS, "junk", "{")
    assert hosts.read(client) == []
    hosts.write(client, report())
    assert [one.target for one in hosts.read(client)] == ["a-1-00000001"]
    assert set(client.hkeys(keys.HOSTS)) == {"old", "a-1-00000001"}


def test_a_report_under_another_s_name_is_none(client: Client) -> None:
    client.hset(keys.HOSTS, "b", json.dumps(report(at=now_ms(client, keys.HOSTS)).model_dump(by_alias=True)))
    assert hosts.read(client) == []


def test_who_leaves_is_gone_at_once(client: Client) -> None:
    hosts.write(client, report())
    hosts.remove(client, "a-1-00000001")
    assert hosts.read(client) == []


def test_a_report_of_the_future_is_of_nobody_and_swept(client: Client) -> None:
    now = now_ms(client, keys.HOSTS)
    put(client, report("ahead", at=now + hosts.AHEAD_MS + 10_000))
    put(client, report("failed-over", at=now + 1_000))
    assert [one.target for one in hosts.read(client)] == ["failed-over"]
    hosts.write(client, report())
    assert set(client.hkeys(keys.HOSTS)) == {"failed-over", "a-1-00000001"}


def test_another_type_in_place_of_all_reports_hides_nobody_for_long(client: Client) -> None:
    client.set(keys.HOSTS, "junk")
    assert hosts.read(client) == []
    hosts.write(client, report())
    assert [one.target for one in hosts.read(client)] == ["a-1-00000001"]
    client.delete(keys.HOSTS)
    client.set(keys.HOSTS, "junk")
    hosts.remove(client, "a-1-00000001")

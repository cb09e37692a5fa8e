"""The network as it was, read from real logs: pipelines, order, storms of errors, and keys that are none."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Condition, Directory
from perseus.network.view.past import LOOKED_AT
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.network.network_keys import ALL, X1, X2, X3, put_last, store_ms


@pytest.fixture
def directory(client: Client) -> Directory:
    return Directory(client, lambda: ALL)


def write(client: Client, exchange: Exchange, ms: int, **fields: str) -> None:
    client.xadd(keys.activity(exchange.name), {"event": "state_transition", **fields}, id=f"{ms}-0")


def test_a_network_is_as_it_was_and_not_as_it_is(client: Client, directory: Directory) -> None:
    now = store_ms(client)
    write(client, X1, now - 9_000, fromState="warming", toState="active")
    write(client, X1, now - 3_000, fromState="active", toState="stopped", reason="SIGTERM")
    write(client, X2, now - 4_000, fromState="active", toState="offline", reason="lease_expired")
    found = directory.past(now - 5_000)
    assert [status.condition for status in found.view.exchanges] == [
        Condition.ACTIVE, Condition.ACTIVE, Condition.NEVER_SEEN, Condition.NEVER_SEEN,
    ]  # fmt: skip
    assert [event.at_ms for event in found.view.events] == [now - 9_000]
    assert (found.previous_ms, found.next_ms, found.view.now_ms) == (now - 9_000, now - 4_000, now - 5_000)


def test_an_event_counts_from_its_own_millisecond_on(client: Client, directory: Directory) -> None:
    now = store_ms(client)
    write(client, X1, now - 100, fromState="warming", toState="active")
    assert directory.past(now - 101).view.exchanges[0].condition is Condition.WARMING
    assert directory.past(now - 100).view.exchanges[0].condition is Condition.ACTIVE


@pytest.mark.parametrize("errors", [10, 51, LOOKED_AT - 2])
def test_a_storm_of_errors_does_not_hide_when_its_state_began(
    client: Client, directory: Directory, errors: int
) -> None:
    now = store_ms(client)
    write(client, X1, now - 90_000, fromState="warming", toState="active")
    for number in range(errors):
        write(client, X1, now - 50_000 + number, event="error", state="active", error="broke")
    status = directory.past(now - 1_000).view.exchanges[0]
    assert (status.condition, status.since_ms) == (Condition.ACTIVE, now - 90_000)


def test_a_storm_of_errors_afterwards_does_not_hide_a_death(client: Client, directory: Directory) -> None:
    now = store_ms(client)
    write(client, X1, now - 90_000, fromState="warming", toState="active")
    for number in range(60):
        write(client, X1, now - 50_000 + number, event="error", state="active", error="broke")
    write(client, X1, now - 100, fromState="active", toState="offline", offlineAt="2020-01-01T00:00:00Z")
    assert directory.past(now - 60_000).view.exchanges[0].condition is Condition.OFFLINE


def test_events_are_the_newest_until_then_with_a_cursor_for_more(client: Client, directory: Directory) -> None:
    now = store_ms(client)
    for number in reversed(range(6)):
        write(client, (X1, X2)[number % 2], now - 1_000 * (number + 1), fromState="active", toState="active")
    view = directory.past(now - 2_000, 3).view
    assert [event.at_ms - now for event in view.events] == [-2_000, -3_000, -4_000]
    assert [event.at_ms - now for event in directory.activity(9, view.older).events] == [-5_000, -6_000]


def test_a_key_of_another_type_costs_no_other_exchange(client: Client, directory: Directory) -> None:
    now = store_ms(client)
    for key in (keys.activity(X1.name), keys.last_record(X2.id), keys.activity_meta(X3.name)):
        client.set(key, "junk")
    client.lpush(keys.status(X3.id), "junk")
    put_last(client, ALL[3], 60_000, token="junk")
    write(client, X2, now - 9_000, fromState="warming", toState="active")
    assert directory.past(now - 5_000).view.exchanges[1].condition is Condition.ACTIVE


def test_a_log_that_the_cap_cut_since_is_unknown_and_named(client: Client, directory: Directory) -> None:
    now = store_ms(client)
    client.hset(keys.activity_meta(X1.name), "cut_before_ms", now - 1_000)
    view = directory.past(now - 5_000).view
    assert (view.capped, view.exchanges[0].condition) == ((X1.name,), Condition.UNKNOWN)
    assert directory.past(now - 500).view.capped == ()


def test_a_store_that_is_down_raises(clock: ManualClock) -> None:
    away = connect("redis://127.0.0.1:1/0", timeout=0.2, name="test")
    with pytest.raises(StoreUnavailable):
        Directory(away, lambda: ALL, clock).past(1)


def test_one_exchange_is_read_alone_with_its_own_changes(client: Client, directory: Directory) -> None:
    now = store_ms(client)
    write(client, X1, now - 9_000, fromState="warming", toState="active")
    write(client, X2, now - 8_000, fromState="warming", toState="active")
    write(client, X2, now - 4_000, fromState="active", toState="stopped")
    found = directory.past(now - 5_000, exchange=X1.name)
    assert [status.exchange for status in found.view.exchanges] == [X1]
    assert [event.exchange for event in found.view.events] == [X1]
    assert (found.previous_ms, found.next_ms) == (now - 9_000, None)
    with pytest.raises(UnknownExchange):
        directory.past(now, exchange="nowhere")

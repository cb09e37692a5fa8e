"""Tries to sign in: ten for an account, thirty from an address, in five minutes; also while the store is away."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from perseus import keys
from perseus.access import throttle
from perseus.access.counters import StoreCounters
from perseus.access.keys import digest
from perseus.access.throttle import ACCOUNT, ADDRESS, Throttle, network
from perseus.errors import StoreUnavailable
from perseus.store import Client
from tests.redis_process import RedisProcess

Clients = Callable[[str], Callable[[str], Client]]
ADA = "ada@example.net"
HOME = "203.0.113.7"
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def shared(client: Client) -> Throttle:
    return Throttle(client)


@pytest.fixture(params=["there", "away"])
def limit(request: pytest.FixtureRequest, real_store: str, clients: Clients) -> Throttle:
    """In a real store, and of one that was never there."""
    return Throttle(clients(real_store if request.param == "there" else NOWHERE)("test"))


def tries(limit: Throttle, count: int, account: str = ADA, address: str = "") -> list[int]:
    """What so many tries are told, each from an address of its own unless one is given."""
    return [limit.wait_seconds(account, address or f"198.51.100.{number}") for number in range(count)]


def test_the_eleventh_try_for_an_account_waits_wherever_it_comes_from(limit: Throttle) -> None:
    assert tries(limit, 10) == [0] * 10
    assert 290 <= limit.wait_seconds(ADA, HOME) <= 300
    assert limit.wait_seconds("otto@example.net", HOME) == 0, "another account is another matter"


def test_the_thirty_first_try_from_an_address_waits_whoever_it_is_for(limit: Throttle) -> None:
    assert [limit.wait_seconds(f"{number}@example.net", HOME) for number in range(30)] == [0] * 30
    assert 290 <= limit.wait_seconds(ADA, HOME) <= 300
    assert limit.wait_seconds(ADA, "203.0.113.8") == 0


def test_who_is_past_the_limit_of_an_address_does_not_lock_accounts(limit: Throttle) -> None:
    for number in range(30):
        limit.wait_seconds(f"{number}@example.net", HOME)
    assert all(tries(limit, 20, ADA, HOME))
    assert limit.wait_seconds(ADA, "203.0.113.8") == 0


def test_after_the_right_password_the_account_starts_anew_and_the_address_does_not(limit: Throttle) -> None:
    tries(limit, 9, ADA, HOME)
    limit.succeeded(ADA)
    assert tries(limit, 10) == [0] * 10
    assert limit.wait_seconds(ADA, HOME) > 0
    for number in range(20):
        limit.wait_seconds(f"{number}@example.net", HOME)
        limit.succeeded(f"{number}@example.net")
    assert limit.wait_seconds("fresh@example.net", HOME) > 0


def test_more_tries_do_not_make_the_wait_longer(shared: Throttle, client: Client) -> None:
    tries(shared, 10)
    client.pexpire(_counter(ADA), 40_500)
    assert shared.wait_seconds(ADA, HOME) == 41
    assert shared.wait_seconds(ADA, HOME) in (40, 41)


def test_when_the_wait_is_over_tries_count_from_the_beginning(shared: Throttle, client: Client) -> None:
    tries(shared, 10)
    assert shared.wait_seconds(ADA, HOME) > 0
    assert client.delete(_counter(ADA)) == 1, "this is what ends when its time is over"
    assert tries(shared, 10) == [0] * 10


@pytest.mark.not_on("cluster", why="it lists all keys, which nobody does in a Cluster")
def test_every_counter_has_an_end(shared: Throttle, client: Client) -> None:
    tries(shared, 3, ADA, HOME)
    found = list(client.scan_iter("perseus:sign-in:*"))
    assert len(found) == 2
    assert all(0 < client.pttl(name) <= 300_000 for name in found)
    client.persist(_counter(ADA))
    tries(shared, 1, ADA, HOME)
    assert 0 < client.pttl(_counter(ADA)) <= 300_000, "one that lost its end gets one again"


def test_the_store_learns_neither_address_nor_account(shared: Throttle, client: Client) -> None:
    tries(shared, 1, ADA, HOME)
    names = " ".join(client.scan_iter("*"))
    assert ADA not in names
    assert HOME not in names


def test_all_workers_count_together(real_store: str, clients: Clients) -> None:
    make = clients(real_store)
    one, other = Throttle(make("one")), Throttle(make("other"))
    assert tries(one, 5) + tries(other, 5) == [0] * 10
    assert other.wait_seconds(ADA, HOME) > 0
    assert one.wait_seconds(ADA, HOME) > 0


def test_a_store_that_goes_away_lifts_no_limit_and_is_said_once(
    own_server: RedisProcess, clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, throttle.__name__)
    limit = Throttle(clients(own_server.url)("test"))
    assert tries(limit, 1) == [0]
    own_server.kill()
    assert tries(limit, 10) == [0] * 10
    assert limit.wait_seconds(ADA, HOME) > 0
    own_server.start()
    assert limit.wait_seconds("otto@example.net", HOME) == 0
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "counted in this worker alone" in said[0]
    assert "in the data store again" in said[1]


def test_a_counter_that_somebody_wrote_over_lifts_no_limit(shared: Throttle, client: Client) -> None:
    client.hset(_counter(ADA), "x", "y")
    assert tries(shared, 10) == [0] * 10
    assert shared.wait_seconds(ADA, HOME) > 0


def test_a_cluster_counts_too(cluster_store: str, clients: Clients) -> None:
    limit = Throttle(clients(cluster_store)("test"))
    assert tries(limit, 10) == [0] * 10
    assert limit.wait_seconds(ADA, HOME) > 0
    limit.succeeded(ADA)
    assert limit.wait_seconds(ADA, HOME) == 0
    assert limit._own is None


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("203.0.113.7", "203.0.113.8", False),
        ("", "unknown", False),
    ],
)
def test_a_host_on_ipv6_counts_by_its_network(one: str, other: str, is_same: bool) -> None:
    assert (network(one) == network(other)) is is_same


def test_the_limits_are_what_the_docs_say() -> None:
    assert [(limit.amount, limit.get_expiry()) for limit in (ACCOUNT, ADDRESS)] == [(10, 300), (30, 300)]


def test_counters_say_whether_the_store_answers(client: Client, clients: Clients) -> None:
    assert StoreCounters(client).check()
    with pytest.raises(StoreUnavailable):
        StoreCounters(clients(NOWHERE)("test")).check()


def _counter(account: str) -> str:
    """The key of an account's counter."""
    return keys.sign_in_tries(ACCOUNT.key_for(digest(account)))

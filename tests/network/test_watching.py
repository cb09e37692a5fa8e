"""Watchers that run: real threads, a real TTL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.clock import SystemClock, parse_iso
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.network.view.watcher import Watcher
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN, short
from tests.instances import eventually
from tests.network.looks import looked, settled
from tests.network.samples import claim_body, sample
from tests.redis_process import RedisProcess

TTL = 1.2


@pytest.fixture
def quick(tmp_path: Path) -> Settings:
    """A heartbeat of 0.35 s: so long a watcher settles."""
    return short(
        tmp_path,
        heartbeat_seconds=0.35,
        ttl_seconds=TTL,
        margin_seconds=0.4,
        stop_seconds=0.3,
        retry_seconds=0.05,
        store_timeout_seconds=0.25,
    )


@pytest.fixture
def watch(clients: Callable[[str], Callable[[str], Client]], quick: Settings) -> Iterator[Callable[[str], Watcher]]:
    """Starts watchers, each on a connection of its own, and ends them."""
    started: list[Watcher] = []

    def start(url: str, exchanges: Callable[[], tuple[Exchange, ...]] = lambda: (KRAKEN,)) -> Watcher:
        started.append(Watcher(clients(url)("watcher"), exchanges, quick))
        started[-1].start()
        return started[-1]

    yield start
    for watcher in started:
        watcher.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "watcher"]


@pytest.fixture
def client(clients: Callable[[str], Callable[[str], Client]], real_store: str) -> Client:
    return clients(real_store)("test")


def claim(client: Client) -> Granted:
    answer = RedisClaims(client, KRAKEN.id, TTL, 0).acquire("n", "a", None, claim_body("a"))
    assert isinstance(answer, Granted)
    return answer


def log_of(client: Client) -> list[dict[str, str]]:
    return [fields for _, fields in client.xrange(keys.activity("kraken"))]


def test_a_death_is_written_once_and_within_a_second_of_the_end_of_its_lease_by_the_store_s_clock(
    client: Client, real_store: str, watch: Callable[[str], Watcher]
) -> None:
    watchers = [watch(real_store) for _ in range(3)]
    grant = claim(client)
    eventually(lambda: log_of(client), 5)
    looked(*watchers)
    (fields,) = log_of(client)
    assert parse_iso(fields["offlineAt"]) == grant.until_ms
    assert 500 <= parse_iso(fields["detectedAt"]) - grant.until_ms < 1_000


def test_a_lease_that_is_renewed_is_never_a_death(
    client: Client, real_store: str, watch: Callable[[str], Watcher]
) -> None:
    watcher = watch(real_store)
    grant, claims = claim(client), RedisClaims(client, KRAKEN.id, TTL, 0)
    give_up = time.monotonic() + 2 * TTL
    while time.monotonic() < give_up:
        claims.renew("n", "a", grant.token, sample("a", grant.token).to_json(), None)
        time.sleep(0.2)
    claims.release("n", "a", grant.token, "done", sample("a", grant.token).to_json())
    looked(watcher)
    assert log_of(client) == []


def test_after_a_frozen_store_holders_first_get_the_time_to_renew(
    own_server: RedisProcess, watch: Callable[[str], Watcher], quick: Settings
) -> None:
    """The lease ends while the store is frozen: its holder, just as shut out, is not dead."""
    with own_server.client() as client:
        settled(watch(own_server.url))
        grant = claim(client)
        own_server.freeze()
        longer_than_the_lease = TTL + 0.8
        time.sleep(longer_than_the_lease)
        thawed_ms = SystemClock().wall_ms()
        own_server.thaw()
        client.hset(keys.last_record(KRAKEN.id), mapping={"until_ms": grant.until_ms - 5_000})
        eventually(lambda: log_of(client), 3)
        (fields,) = log_of(client)
        most_of_a_heartbeat_ms = 800 * quick.heartbeat_seconds
        assert parse_iso(fields["detectedAt"]) - thawed_ms >= most_of_a_heartbeat_ms


def test_a_watcher_that_fails_says_so_and_goes_on(
    client: Client, real_store: str, watch: Callable[..., Watcher], caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([RuntimeError("the database is gone"), RuntimeError("still gone")])

    def exchanges() -> tuple[Exchange, ...]:
        for failure in failures:
            raise failure
        return (KRAKEN,)

    watch(real_store, exchanges)
    claim(client)
    eventually(lambda: log_of(client), 5)
    assert [record.message for record in caplog.records].count("The watcher failed and goes on") == 2


def test_a_watcher_ends_at_once_when_told(real_store: str, watch: Callable[[str], Watcher]) -> None:
    watcher = watch(real_store)
    looked(watcher, times=1)
    began = time.monotonic()
    watcher.stop()
    assert time.monotonic() - began < 0.5


def test_a_watcher_in_the_foreground_ends_when_told_from_another_thread(
    real_store: str, clients: Callable[[str], Callable[[str], Client]], quick: Settings
) -> None:
    watcher = Watcher(clients(real_store)("watcher"), lambda: (KRAKEN,), quick)
    threading.Timer(0.1, watcher.stop).start()
    began = time.monotonic()
    watcher.run()
    assert time.monotonic() - began < 1


def test_what_is_to_recover_is_called_for_once_the_store_answers(client: Client, quick: Settings) -> None:
    seen: list[str] = []

    class Away(Watcher):
        def look(self) -> float:
            seen.append("look")
            if len(seen) == 1:
                raise StoreUnavailable("store:6379", "refused")
            if len(seen) > 4:
                self.stop()
            return 0.01

    def recover() -> None:
        seen.append("recover")
        watcher.stop()

    watcher = Away(client, lambda: (KRAKEN,), quick, recover=recover)
    watcher.run()
    assert seen == ["look", "look", "recover"]

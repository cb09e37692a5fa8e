"""Whom a watcher may not judge yet, and how long an unclean end keeps an exchange from being claimed."""

from __future__ import annotations

import pytest

from perseus.errors import LeasePending, StoreUnavailable
from perseus.network.watcher import Watcher
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN, ManualClock, short
from tests.instances import Party, expire, moves, vanish, walk
from tests.redis_process import RedisProcess


@pytest.fixture
def long(tmp_path: object) -> Settings:
    return short(tmp_path, heartbeat_seconds=10.0, ttl_seconds=32.0, margin_seconds=2.0)  # type: ignore[arg-type]


@pytest.fixture
def dead(party: Party, real_store: str, long: Settings) -> Client:
    """A store in which an active instance died 90 seconds ago and nobody has written it down."""
    vanish(walk(party.join(real_store, long)))
    client = party.client(real_store)
    expire(client)
    return client


def test_a_watcher_judges_nobody_before_it_has_read_the_store_for_a_heartbeat(
    dead: Client, long: Settings, clock: ManualClock
) -> None:
    """After an outage of the store holders first get the time to renew."""
    watcher = Watcher(dead, lambda: [KRAKEN], long, clock)
    watcher.look()
    clock.advance(long.heartbeat_seconds - 0.1)
    watcher.look()
    assert "active>offline" not in moves(dead)
    clock.advance(0.2)
    watcher.look()
    assert moves(dead)[-1] == "active>offline"


def test_a_watcher_that_could_not_look_for_a_while_begins_anew(
    dead: Client, long: Settings, clock: ManualClock
) -> None:
    watcher = Watcher(dead, lambda: [KRAKEN], long, clock)
    watcher.look()
    clock.advance(100)
    watcher.look()
    assert "active>offline" not in moves(dead)
    clock.advance(long.heartbeat_seconds)
    watcher.look()
    assert moves(dead)[-1] == "active>offline"


def test_a_watcher_says_nothing_of_a_store_that_does_not_answer(
    party: Party, own_server: RedisProcess, long: Settings, clock: ManualClock
) -> None:
    client = party.client(own_server.url)
    own_server.kill()
    with pytest.raises(StoreUnavailable):
        Watcher(client, lambda: [KRAKEN], long, clock).look()


def test_a_lease_that_ends_is_not_judged_within_its_grace(
    party: Party, real_store: str, long: Settings, clock: ManualClock
) -> None:
    vanish(walk(party.join(real_store, long)))
    client = party.client(real_store)
    watcher = Watcher(client, lambda: [KRAKEN], long, clock)
    watcher.look()
    clock.advance(long.heartbeat_seconds)
    client.delete("exchange:4:status")
    seconds, micros = client.time()
    client.hset("{exchange:4:status}:last", "until_ms", seconds * 1000 + micros // 1000 - 100)
    pause = watcher.look()
    assert "active>offline" not in moves(client)
    assert 0.2 < pause <= 0.5, "it looks again when the grace is over"


def test_after_an_unclean_end_a_claim_waits_the_settle_time_and_after_a_release_it_does_not(
    party: Party, real_store: str, dead: Client, long: Settings
) -> None:
    settling = long.model_copy(update={"settle_seconds": 120.0})
    with pytest.raises(LeasePending) as refusal:
        party.join(real_store, settling, home="b")
    assert refusal.value.wait_ms == pytest.approx(30_000, abs=5_000)
    party.join(real_store, long, home="b").stop("done")
    assert party.join(real_store, settling, home="c").valid()

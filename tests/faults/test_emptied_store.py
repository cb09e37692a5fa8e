"""A store that forgets: FLUSHALL, a restart without data, a key deleted or evicted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
import redis

from perseus import keys
from perseus.errors import LeaseLost, LeasePending, LeaseRefused
from perseus.network.instance import Instance
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN, short
from tests.instances import (
    Party,
    Recorder,
    beaten,
    events,
    eventually,
    last_record_of,
    moves,
    own_threads,
    payload_of,
    walk,
)
from tests.redis_process import RedisProcess

SLOW = {"heartbeat_seconds": 5.0, "ttl_seconds": 16.0, "margin_seconds": 2.0}


@pytest.fixture
def holder(party: Party, real_store: str) -> Instance:
    """Active, and quiet: its next heartbeat comes when a test asks for it."""
    return walk(party.join(real_store, short(party.home, **SLOW)))


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


def beat(instance: Instance) -> None:
    """Have the holder send a heartbeat now."""
    instance.set_ip("192.0.2.8")


def assert_put_back(client: Client, holder: Instance, token: str) -> None:
    beat(holder)
    eventually(lambda: "offline>active" in moves(client))
    status = payload_of(client)
    assert status is not None
    assert (status.fencing_token, holder.token) == (token, token)
    assert last_record_of(client)["token"] == token
    assert holder.valid()
    back = events(client)[-1]
    assert back["reason"] == "lease_put_back"
    assert 0 <= int(back["downtimeMs"]) < 16_000


def test_after_flushall_the_holder_puts_its_lease_back_under_the_same_token(client: Client, holder: Instance) -> None:
    token = holder.token
    client.flushall()
    assert_put_back(client, holder, token)


def test_whoever_claims_in_an_emptied_store_may_not_act_while_an_old_holder_still_may(
    party: Party, client: Client, holder: Instance, real_store: str, settings: Settings
) -> None:
    """The hold-off lasts a TTL from the claim, longer than any old holder believes in its lease."""
    client.flushall()
    claimed_at = time.monotonic()
    claimant = party.join(real_store, settings, home="b")
    assert not claimant.valid()
    with pytest.raises(LeaseLost, match="emptied"):
        claimant.guard()
    beat(holder)
    eventually(lambda: not holder.valid())
    assert not claimant.valid()
    assert claimant.wait_valid(5)
    assert time.monotonic() - claimed_at >= settings.ttl_seconds
    walk(claimant)
    with pytest.raises(LeaseLost):
        holder.guard()


def test_the_wait_after_an_emptied_store_is_not_told_as_a_lost_lease(
    party: Party, client: Client, settings: Settings, real_store: str
) -> None:
    """Nothing was lost: the claimant has not begun to work."""
    client.flushall()
    observer = Recorder()
    claimant = party.join(real_store, settings, observer=observer)
    assert claimant.wait_valid(5)
    walk(claimant)
    beaten(client)
    assert observer.of("lease_lost") == []
    assert "error" not in moves(client)


def test_a_claim_in_a_new_store_that_is_marked_as_new_is_valid_at_once(
    party: Party, client: Client, real_store: str
) -> None:
    client.flushall()
    client.set(keys.INITIALISED, "kept")
    assert party.join(real_store).valid()


def test_after_a_restart_without_data_the_holder_puts_its_lease_back(party: Party, kept_server: RedisProcess) -> None:
    holder = walk(party.join(kept_server.url, short(party.home, **SLOW)))
    token = holder.token
    kept_server.kill()
    for file in kept_server.folder.rglob("*"):
        if file.is_file():
            file.unlink()
    kept_server.start()
    with connect(kept_server.url, timeout=2, name="test") as client:
        assert client.dbsize() == 0
        assert_put_back(client, holder, token)


def test_a_restart_that_keeps_its_data_disturbs_nobody(party: Party, kept_server: RedisProcess) -> None:
    holder = walk(party.join(kept_server.url, short(party.home, **SLOW)))
    kept_server.kill()
    kept_server.start()
    with connect(kept_server.url, timeout=2, name="test") as client:
        client.script_flush()
        beat(holder)
        eventually(lambda: (found := payload_of(client)) and found.ip_address == "192.0.2.8")
        assert moves(client)[-1] == "warming>active"
    assert holder.valid()


def test_a_deleted_lease_is_not_free_before_its_time_and_its_holder_puts_it_back(
    party: Party, client: Client, holder: Instance, real_store: str
) -> None:
    client.delete(keys.status(KRAKEN.id))
    with pytest.raises(LeasePending) as refusal:
        party.join(real_store, home="b")
    left_ms = int(last_record_of(client)["until_ms"]) - time.time() * 1000
    assert abs(refusal.value.wait_ms - left_ms) < 500
    assert_put_back(client, holder, holder.token)
    with pytest.raises(LeaseRefused):
        party.join(real_store, home="b")


def test_an_evicted_lease_is_not_free_before_its_time_and_its_holder_puts_it_back(
    party: Party, kept_server: RedisProcess
) -> None:
    """`volatile-lru`, as a managed store may have it, throws away exactly the keys that have a TTL: the leases."""
    holder = walk(party.join(kept_server.url, short(party.home, **SLOW)))
    with connect(kept_server.url, timeout=2, name="test") as client:
        client.config_set("maxmemory-policy", "volatile-lru")
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 300_000)
        for number in range(100):
            if not client.exists(keys.status(KRAKEN.id)):
                break
            with contextlib.suppress(redis.exceptions.OutOfMemoryError):
                client.set(f"filler:{number}", "x" * 10_000)
        assert client.info("stats")["evicted_keys"] == 1
        client.config_set("maxmemory", 0)
        assert last_record_of(client)["token"] == holder.token
        with pytest.raises(LeasePending):
            party.join(kept_server.url, home="b")
        assert_put_back(client, holder, holder.token)


def test_a_released_lease_is_not_put_back_by_anybody(party: Party, client: Client, holder: Instance) -> None:
    holder.stop("done")
    beat(holder)
    holder.report_error("too late")
    eventually(lambda: not own_threads())
    assert payload_of(client) is None
    assert last_record_of(client)["closed"] == "1"

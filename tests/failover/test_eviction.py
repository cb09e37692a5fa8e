"""Memory pressure under `volatile-lru`, which throws away exactly the keys that have a TTL: the leases."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.errors import LeasePending, LeaseRefused
from perseus.network.exchange import Exchange
from tests.conftest import short
from tests.instances import Party, eventually, walk
from tests.redis_process import RedisProcess

EXCHANGES = [Exchange(number, f"x{number}", "X") for number in range(1, 6)]


def test_leases_that_are_evicted_again_and_again_are_never_free_and_come_back(
    own_server: RedisProcess, party: Party, tmp_path: Path
) -> None:
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
        holders = [
            walk(party.join(own_server.url, short(tmp_path), exchange=each, home=each.name)) for each in EXCHANGES
        ]
        client.config_set("maxmemory-policy", "volatile-lru")
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 100_000)
        evicted = 0
        for number in range(200):
            with contextlib.suppress(redis.exceptions.OutOfMemoryError):
                client.set(f"filler:{number}", "x" * 10_000)
            evicted = client.info("stats")["evicted_keys"]
            if evicted >= len(EXCHANGES):
                break
        assert evicted >= len(EXCHANGES)
        client.config_set("maxmemory", 0)
        for each in EXCHANGES:
            with pytest.raises((LeasePending, LeaseRefused)):
                party.join(own_server.url, short(tmp_path), exchange=each, home="other")
        for holder, each in zip(holders, EXCHANGES, strict=True):
            eventually(lambda each=each: client.exists(keys.status(each.id)))  # type: ignore[misc]
            assert client.hget(keys.last_record(each.id), "token") == holder.token
            assert holder.valid()

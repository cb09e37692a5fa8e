"""What contenders that were killed leave in the store: requests that it has not read yet, and a lease."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection
from typing import Any

import redis

from perseus import keys
from perseus.clock import SystemClock
from perseus.network import payload
from perseus.network.leasing.claims import RedisClaims
from perseus.settings import Settings
from perseus.store import Client, answers
from perseus.store.batch import Batch
from perseus.store.cluster import Cluster

LOOK = 0.02
PATIENCE = 5.0
REASON = "the drill has ended"
CLOCK = SystemClock()


def clear(client: Client, exchange_id: int, settings: Settings, names: str, pids: Collection[int]) -> None:
    """Give back the lease that one of these processes of this host has left, once all is read that they have sent.

    `names`: how the names of their connections begin. Raises StoreUnavailable, StoreRefused, StoreCorrupt.
    """
    key = keys.status(exchange_id)
    with answers(client):
        _read_all(client, key, names)
    batch = Batch(client)
    batch.add("GET", key)
    (text,) = batch.run()
    held = payload.parse(text) if isinstance(text, str) else None
    if held is not None and held.pid in pids and held.hostname == socket.gethostname():
        claims = RedisClaims(client, exchange_id, settings.ttl_seconds, settings.settle_seconds)
        claims.release("", held.instance_id, held.fencing_token, REASON, held.to_json())


def _read_all(client: Client, key: str, names: str) -> None:
    """Wait until the server of this key has closed their connections: it reads before that all that was sent."""
    near: dict[str, Any] = {"near": key} if isinstance(client, Cluster) else {}
    asked: Any = client
    give_up = CLOCK.elapsed() + PATIENCE
    while CLOCK.elapsed() < give_up:
        try:
            connections = asked.execute_command("CLIENT LIST", **near)
        except redis.ResponseError:  # a provider may not tell: then what is left ends with its lease
            return
        if not any(str(one.get("name", "")).startswith(names) for one in connections):
            return
        time.sleep(LOOK)

"""Counters of the limits library in the data store: on one server or a Cluster, a round trip a count."""

from __future__ import annotations

import time

from limits.storage import Storage

from perseus import keys
from perseus.errors import PerseusError
from perseus.store import Client, Script, answers


class StoreCounters(Storage):
    """Raises StoreUnavailable, StoreRefused, StoreCorrupt, as all of Perseus that asks the store."""

    STORAGE_SCHEME = None

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._count = Script(client, "count", "perseus.access")

    @property
    def base_exceptions(self) -> type[Exception]:
        """What it may raise."""
        return PerseusError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count; the counter ends `expiry` seconds after its first count."""
        return int(self._count([keys.sign_in_tries(key)], [expiry * 1000, amount])[0])

    def get(self, key: str) -> int:
        """The count now."""
        with answers(self._client):
            return int(self._client.get(keys.sign_in_tries(key)) or 0)

    def get_expiry(self, key: str) -> float:
        """When the counter ends, Unix seconds of this host."""
        with answers(self._client):
            return time.time() + max(0, self._client.pttl(keys.sign_in_tries(key))) / 1000

    def check(self) -> bool:
        """Does the store answer?"""
        with answers(self._client):
            return bool(self._client.ping())

    def reset(self) -> int | None:
        """Not offered: the counters are among everything else in the store."""
        raise NotImplementedError

    def clear(self, key: str) -> None:
        """Start anew."""
        with answers(self._client):
            self._client.delete(keys.sign_in_tries(key))

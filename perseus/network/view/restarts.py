"""How long the server of a key has been serving it: one that began lately may have lost what it held before."""

from __future__ import annotations

from perseus.clock import Clock
from perseus.store.batch import Batch


class Restarts:
    """Remembers by key which run of which server answered for it: a restart and a failover are a new one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._run_ids: dict[str, str] = {}
        self._seen_at: dict[str, float] = {}

    def ms_ago(self, key: str, batch: Batch) -> int | None:
        """How long ago that server began to serve, as far as it could matter; None when it does not say."""
        info = batch.info(key)
        if info is None or "run_id" not in info:
            return None
        now = self._clock.elapsed()
        if self._run_ids.setdefault(key, info["run_id"]) != info["run_id"]:
            self._seen_at[key] = now
        self._run_ids[key] = info["run_id"]
        uptime_ms = int(info.get("uptime_in_seconds", 0)) * 1000
        seen_at = self._seen_at.get(key)
        return uptime_ms if seen_at is None else min(uptime_ms, round((now - seen_at) * 1000))

"""Limits that a service counts by our address: whoever sends from this process to that host keeps to them together."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from perseus.notify.notifier import Limit
from perseus.notify.outgoing.limiter import Limiter


class HostLimits:
    """One for a process. Known in memory alone: such limits are of seconds, and other processes know their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limiters: dict[tuple[str, tuple[Limit, ...]], Limiter] = {}

    def of(self, host: str, limits: Sequence[Limit] = ()) -> Limiter:
        """The limiter that all share who send to this host under these limits."""
        with self._lock:
            return self._limiters.setdefault((host, tuple(limits)), Limiter(limits))

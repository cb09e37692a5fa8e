"""Writes what comes of commands to the store; what that does not take is held, the newest of each, until it does."""

from __future__ import annotations

import threading
from collections import OrderedDict

from perseus.control import channel
from perseus.control.outcomes import Outcome
from perseus.errors import PerseusError
from perseus.store import Client

HELD = 200
KEPT = 1_000


class Recorder:
    """Of one target. Safe from any thread; never raises for a store that is away, which keeps the newest thousand."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._held: dict[str, Outcome] = {}
        self._kept: OrderedDict[str, bool] = OrderedDict()
        self._lock = threading.Lock()

    def write(self, told: Outcome) -> None:
        """Record it now, or hold it. One that is final stays so."""
        with self._lock:
            if self._kept.get(told.id, False):
                return
            self._kept[told.id] = told.is_final
            self._held[told.id] = told
            while len(self._held) > HELD:
                self._held.pop(next(iter(self._held)))
        self.flush()

    def flush(self) -> bool:
        """Write what is held; False while the store does not take it."""
        with self._lock:
            try:
                for told in list(self._held.values()):
                    channel.record(self._client, told)
                    del self._held[told.id]
                    self._forget(told.target)
            except PerseusError:
                return False
        return True

    def _forget(self, target: str) -> None:
        """A process that lives for months is not to fill the store."""
        over = list(self._kept)[: max(0, len(self._kept) - KEPT)]
        if over:
            channel.forget(self._client, target, over)
            for command_id in over:
                del self._kept[command_id]

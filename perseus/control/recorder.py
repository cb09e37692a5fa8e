"""Writes what comes of commands to the store; what that does not take is held, the newest of each, until it does."""

from __future__ import annotations

import threading

from perseus.control import channel
from perseus.control.outcomes import Outcome
from perseus.errors import PerseusError
from perseus.store import Client

HELD = 200


class Recorder:
    """Of one target. Safe from any thread; never raises for a store that is away."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._held: dict[str, Outcome] = {}
        self._lock = threading.Lock()

    def write(self, told: Outcome) -> None:
        """Record it now, or hold it. One that is final stays so."""
        with self._lock:
            earlier = self._held.get(told.id)
            if earlier is not None and earlier.is_final:
                return
            self._held[told.id] = told
            while len(self._held) > HELD:
                self._held.pop(next(iter(self._held)))
        self.flush()

    def flush(self) -> bool:
        """Write what is held; False while the store does not take it."""
        with self._lock:
            for told in list(self._held.values()):
                try:
                    channel.record(self._client, told)
                except PerseusError:
                    return False
                del self._held[told.id]
        return True

"""Keeps the leases of this dispatcher's destinations, and takes those that come free, on a thread that does no more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.notify.lanes.holding import Holding
from perseus.outage import Outage

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class Keeper:
    """Renews at a third of `life_seconds`; asks for what another has once a second. `taken(destination)` is told."""

    def __init__(self, life_seconds: float, clock: Clock, taken: Callable[[str], object]) -> None:
        self._third = life_seconds / 3
        self._pause = min(LOOK_SECONDS, self._third)
        self._clock = clock
        self._taken = taken
        self._holdings: dict[str, Holding] = {}
        self._kept_at: dict[str, float] = {}
        self._failed: set[str] = set()
        self._outage = Outage(
            log, "Leases on destinations cannot be renewed", "Leases on destinations are renewed again."
        )
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def want(self, holding: Holding) -> None:
        """Take this as soon as it is free, and keep it."""
        self._holdings[holding.destination] = holding
        self._woken.set()

    def drop(self, destination: str) -> None:
        """Keep it no longer. Who drops it gives it back."""
        self._holdings.pop(destination, None)
        self._kept_at.pop(destination, None)
        self._failed.discard(destination)

    def stop(self) -> None:
        """End; what is held stays so until it runs out or is given back."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def look(self) -> None:
        """Renew and take what is due. Raises StoreUnavailable, StoreRefused, StoreCorrupt.

        What failed last comes last: a node of a Cluster that hangs must not cost the others their leases.
        """
        now = self._clock.elapsed()
        for name, holding in sorted(self._holdings.items(), key=lambda one: one[0] in self._failed):
            if holding.token is None or now - self._kept_at.get(name, now - self._third) >= self._third:
                self._keep(name, holding)

    def _keep(self, name: str, holding: Holding) -> None:
        before, began = holding.token, self._clock.elapsed()
        self._failed.add(name)
        is_ours = holding.keep()
        self._failed.discard(name)
        if is_ours:
            self._kept_at[name] = began
            if before is None:
                log.info("Destination %s is sent to from here.", name)
                self._taken(name)
        elif before is not None:
            log.warning("Destination %s is another dispatcher's now.", name)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
                self._outage.done()
            except PerseusError as error:
                self._outage.failed(error)
            except Exception:
                # The last line of defence of a thread that nobody would miss: say it and look again.
                log.exception("Leases on destinations could not be looked at")
            self._woken.wait(self._pause)
            self._woken.clear()

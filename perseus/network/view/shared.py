"""One reading of the network for all viewers of a worker."""

from __future__ import annotations

import threading

from perseus.clock import Clock, SystemClock
from perseus.network.view.directory import Directory, NetworkView

MACHINE = SystemClock()


class SharedDirectory:
    """One view for all threads of a worker: whoever asks within `max_age` seconds of a reading's end shares it.

    One thread reads at a time. The others get the view before while it is younger than `stale_age` seconds: a store
    that hangs must not hold up every viewer in turn. Where there is none, or nobody has looked for longer, they wait.
    """

    def __init__(
        self, directory: Directory, clock: Clock = MACHINE, max_age: float = 1.0, stale_age: float = 5.0
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._max_age = max_age
        self._stale_age = stale_age
        self._reading = threading.Lock()
        self._shared: tuple[NetworkView, float] | None = None

    def view(self) -> NetworkView:
        """The newest view."""
        view = self._younger_than(self._max_age)
        if view is not None:
            return view
        stale = self._younger_than(self._stale_age)
        if not self._reading.acquire(blocking=stale is None):
            assert stale is not None
            return stale
        try:
            return self._younger_than(self._max_age) or self._read()
        finally:
            self._reading.release()

    def recover(self) -> None:
        """Where the last reading told the log of a fault: read, so that it hears of the end though nobody looks."""
        if self._directory.is_troubled:
            self.view()

    def _younger_than(self, age: float) -> NetworkView | None:
        shared = self._shared
        return shared[0] if shared is not None and self._clock.elapsed() - shared[1] < age else None

    def _read(self) -> NetworkView:
        view = self._directory.view()
        self._shared = view, self._clock.elapsed()
        return view

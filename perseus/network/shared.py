"""One reading of the network for all viewers of a worker."""

from __future__ import annotations

import threading

from perseus.clock import Clock, SystemClock
from perseus.network.directory import Directory, NetworkView

MACHINE = SystemClock()


class SharedDirectory:
    """One view for all threads of a worker: whoever asks within `max_age` seconds of a reading's end shares it.

    One thread reads at a time. The others get the view before, unless there is none yet: a store that hangs must not
    hold up every viewer in turn.
    """

    def __init__(self, directory: Directory, clock: Clock = MACHINE, max_age: float = 1.0) -> None:
        self._directory = directory
        self._clock = clock
        self._max_age = max_age
        self._reading = threading.Lock()
        self._shared: tuple[NetworkView, float] | None = None

    def view(self) -> NetworkView:
        """The newest view."""
        view = self._fresh()
        if view is None and self._reading.acquire(blocking=self._shared is None):
            try:
                view = self._fresh() or self._read()
            finally:
                self._reading.release()
        return view or self._stale()

    def _fresh(self) -> NetworkView | None:
        if self._shared is None or self._clock.elapsed() - self._shared[1] >= self._max_age:
            return None
        return self._shared[0]

    def _read(self) -> NetworkView:
        view = self._directory.view()
        self._shared = view, self._clock.elapsed()
        return view

    def _stale(self) -> NetworkView:
        assert self._shared is not None
        return self._shared[0]

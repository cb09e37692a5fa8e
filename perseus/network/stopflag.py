"""A flag that a signal handler may raise.

Not `threading.Event`: setting one takes a lock that the interrupted thread may hold, and the process would hang.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue


class StopFlag:
    """Once set it stays set. The parts of `threading.Event` that a stop needs; `set` is safe in a signal handler."""

    def __init__(self) -> None:
        self._is_set = False
        self._wake: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Has anybody set it?"""
        return self._is_set

    def set(self) -> None:
        """Set it and wake all who wait."""
        self._is_set = True
        self._wake.put(None)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds; gives whether it is."""
        if not self._is_set:
            try:
                self._wake.get(timeout=timeout)
            except Empty:
                return self._is_set
            self._wake.put(None)  # for the next who waits
        return self._is_set

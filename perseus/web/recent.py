"""What was read a moment ago, for all viewers of this worker."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from perseus.clock import Clock

Key = TypeVar("Key", bound=Hashable)
Said = TypeVar("Said")

KEPT = 64


class Recent(Generic[Key, Said]):
    """Call it for what `read` says of a key: read anew where that is older than `seconds`.

    One thread reads at a time, and the others get what it read. What `read` raises is not kept.
    """

    def __init__(self, read: Callable[[Key], Said], clock: Clock, seconds: float) -> None:
        self._read = read
        self._clock = clock
        self._seconds = seconds
        self._reading = threading.Lock()
        self._known: OrderedDict[Key, tuple[Said, float]] = OrderedDict()

    def __call__(self, key: Key) -> Said:
        """What is known of it."""
        known = self._young(key)
        if known is not None:
            return known[0]
        with self._reading:
            known = self._young(key)
            if known is None:
                known = self._read(key), self._clock.elapsed()
                self._known[key] = known
                self._known.move_to_end(key)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return known[0]

    def _young(self, key: Key) -> tuple[Said, float] | None:
        known = self._known.get(key)
        return known if known is not None and self._clock.elapsed() - known[1] < self._seconds else None

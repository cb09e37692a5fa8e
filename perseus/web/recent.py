"""What was read a moment ago, for all viewers of this worker."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from perseus.clock import Clock
from perseus.errors import PerseusError

Key = TypeVar("Key", bound=Hashable)
Said = TypeVar("Said")

KEPT = 64


class Recent(Generic[Key, Said]):
    """Call it for what `read` says of a key: read anew where that is older than `seconds`.

    One thread reads at a time, and the others get what it read, or what it raised: who waited for a store that is
    silent is not to wait again. What `read` raises is not kept for who asks later.
    """

    def __init__(self, read: Callable[[Key], Said], clock: Clock, seconds: float) -> None:
        self._read = read
        self._clock = clock
        self._seconds = seconds
        self._reading = threading.Lock()
        self._known: OrderedDict[Key, tuple[Said, float]] = OrderedDict()
        self._failed: dict[Key, tuple[PerseusError, float]] = {}

    def __call__(self, key: Key) -> Said:
        """What is known of it."""
        known = self._young(key)
        if known is not None:
            return known[0]
        asked = self._clock.elapsed()
        with self._reading:
            known = self._young(key)
            if known is None:
                known = self._anew(key, asked), self._clock.elapsed()
                self._known[key] = known
                self._known.move_to_end(key)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return known[0]

    def _anew(self, key: Key, asked: float) -> Said:
        failed = self._failed.pop(key, None)
        if failed is not None and failed[1] > asked:
            self._failed[key] = failed
            raise failed[0]
        try:
            return self._read(key)
        except PerseusError as error:
            self._failed[key] = error, self._clock.elapsed()
            raise

    def _young(self, key: Key) -> tuple[Said, float] | None:
        known = self._known.get(key)
        return known if known is not None and self._clock.elapsed() - known[1] < self._seconds else None

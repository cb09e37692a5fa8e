"""How long to wait before a lost connection is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0


class Backoff:
    """Waits that double from 0.5 s to 30 s, each shortened by up to half at random.

    The jitter keeps the processes of one site from coming back at the same moment. `chance()` gives 0 to 1.
    """

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._next = FIRST_SECONDS

    def wait(self) -> float:
        """Seconds to wait now."""
        whole = self._next
        self._next = min(2 * whole, LONGEST_SECONDS)
        return whole * (1 - self._chance() / 2)

    def reset(self) -> None:
        """It works again: the next loss begins anew."""
        self._next = FIRST_SECONDS

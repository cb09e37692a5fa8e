"""Numbers that grow by one with each message, and what is to be made of one that does not."""

from __future__ import annotations


class Count:
    """Follows one such number. The first that is seen is taken as it is."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._stale: int | None = None
        self.stale = 0

    def take(self, number: int) -> str | None:
        """None while it goes on, else why something may be missing.

        One that is lower is late or comes twice, and nothing is missing; but 0, and two in order that are lower, are a
        count that began anew.
        """
        last = self._last
        if last is None or number == last + 1:
            self._last, self._stale = number, None
            return None
        if number > last:
            self._last, self._stale = number, None
            return f"jumped from {last} to {number}"
        if number == 0 or (self._stale is not None and number == self._stale + 1):
            self._last, self._stale = number, None
            return f"began anew at {number} after {last}"
        self._stale = number
        self.stale += 1
        return None

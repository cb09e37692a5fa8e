"""Numbers that grow by one with each message, and what is to be made of one that does not."""

from __future__ import annotations


class Count:
    """Follows one such number. The first that is seen is taken as it is."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._stale: int | None = None
        self._unread = 0
        self.stale = 0

    def skip(self) -> None:
        """One came whose number cannot be read: it may have been the next."""
        self._unread += 1

    def take(self, number: int) -> str | None:
        """None while it goes on, else why something may be missing.

        One that is lower is late or comes twice, and nothing is missing; but 0, and two in order that are lower, are a
        count that began anew.
        """
        last = self._last
        if last is None or last < number <= last + 1 + self._unread:
            self._goes_on(number)
            return None
        if number > last:
            self._goes_on(number)
            return f"jumped from {last} to {number}"
        if number == 0 or (self._stale is not None and number == self._stale + 1):
            self._goes_on(number)
            return f"began anew at {number} after {last}"
        self._stale = number
        self.stale += 1
        return None

    def _goes_on(self, number: int) -> None:
        self._last, self._stale, self._unread = number, None, 0

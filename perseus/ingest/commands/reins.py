"""What people ask of work that goes on: to pause, to go on, to begin anew with other symbols."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from perseus.errors import PerseusError


@dataclass(frozen=True, slots=True)
class Paused:
    """`at`: ISO 8601 UTC by the store's clock; `by`: who paused it, for people."""

    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What the work shall do now. `is_new`: with a feed that is made anew."""

    paused: Paused | None
    is_new: bool


class Reins:
    """Held by commands, obeyed by the work. Safe from any thread.

    Each thing that is asked has a ticket: it is served once the work does as asked, with the feed warm or closed.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused: Paused | None = None
        self._is_new = False
        self._asked = self._taken = self._served = 0
        self._failures: dict[int, PerseusError] = {}

    @property
    def paused(self) -> Paused | None:
        """By whom and since when; None while it works."""
        return self._paused

    def pause(self, paused: Paused) -> int:
        """Close the feed and keep the lease; gives the ticket."""
        with self._changed:
            self._paused = paused
            return self._ask()

    def resume(self) -> int:
        """Connect and warm the feed again; gives the ticket."""
        with self._changed:
            self._paused = None
            return self._ask()

    def renew(self) -> int:
        """Make the feed anew, with the symbols that are wanted now; gives the ticket."""
        with self._changed:
            self._is_new = True
            return self._ask()

    def is_pending(self) -> bool:
        """Has something been asked that the work does not know yet?"""
        return self._asked != self._taken

    def take(self) -> Wish:
        """By the work, with its feed closed: what it shall do."""
        with self._changed:
            self._taken = self._asked
            wish, self._is_new = Wish(self._paused, self._is_new), False
            return wish

    def serve(self) -> None:
        """By the work: it does what it last took."""
        if self._served != self._taken:
            with self._changed:
                self._served = self._taken
                self._changed.notify_all()

    def fail(self, error: PerseusError) -> None:
        """By the work: it could not do what it last took, and goes on as before."""
        with self._changed:
            for ticket in range(self._served + 1, self._taken + 1):
                self._failures[ticket] = error
            self._served = self._taken
            self._changed.notify_all()

    def await_served(self, ticket: int, look: Callable[[], object]) -> None:
        """Wait for it, looking meanwhile: `look()` raises to end the wait. Raises what it failed of."""
        while True:
            look()
            with self._changed:
                if self._changed.wait_for(lambda: self._served >= ticket, 0.1):
                    error = self._failures.pop(ticket, None)
                    break
        if error is not None:
            raise error

    def _ask(self) -> int:
        self._asked += 1
        return self._asked

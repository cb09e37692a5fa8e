"""Whose key this is: asked of the database at most every few seconds, and believed for a while when that is silent."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from perseus.access.person import Person
from perseus.access.turns import Turn, Turns, Unasked
from perseus.clock import Clock
from perseus.errors import PerseusError

KEPT_SECONDS = 5.0
BELIEVED_SECONDS = 900.0
MOST = 10_000


class TooSlow(PerseusError):
    """Raised when the database has not said in time whose key it is."""

    def __init__(self) -> None:
        super().__init__("the database has not answered in time")


@dataclass(slots=True)
class _Known:
    person: Person
    known_at: float
    asked_at: float


class Remembered:
    """Owners by the digest of their key. Safe from any thread.

    `read(digest)`: the owner as the database has it, None for nobody; it raises a PerseusError when that is silent.
    """

    def __init__(self, read: Callable[[str], Person | None], clock: Clock, turns: Turns) -> None:
        self._read = read
        self._clock = clock
        self._turns = turns
        # Each works on a turn, so that none of them ever has a queue.
        self._readers = ThreadPoolExecutor(turns.most, "who is signed in")
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._forgotten = 0

    def owner(self, digest: str, *, may_be_old: bool) -> Person | None:
        """The owner; None for nobody, or nobody any more.

        While the database is silent, who was known in the last 15 minutes stays known where `may_be_old`: to look at
        the page, not to change things; of those one at a time waits, and not for long. Else raises what `read` raised,
        or Unasked where enough others wait.
        """
        now = self._clock.elapsed()
        known = self._known.get(digest)
        if known is not None and now - known.known_at < KEPT_SECONDS:
            return known.person
        is_believed = known is not None and may_be_old and now - known.known_at < BELIEVED_SECONDS
        if known is not None and is_believed and now - known.asked_at < KEPT_SECONDS:
            return known.person
        try:
            turn = self._turns.take()
            return self._soon(turn, digest) if is_believed else self._asked(turn, digest, now, self._forgotten)
        except PerseusError as error:
            if known is None or not is_believed:
                raise
            known.asked_at = known.asked_at if isinstance(error, Unasked) else now
            return known.person

    def _soon(self, turn: Turn, digest: str) -> Person | None:
        asking = self._readers.submit(self._asked, turn, digest, self._clock.elapsed(), self._forgotten)
        try:
            return asking.result(self._turns.patience)
        except TimeoutError:
            raise TooSlow from None

    def _asked(self, turn: Turn, digest: str, now: float, forgotten: int) -> Person | None:
        """What the database says, kept even where nobody waits for it any more."""
        with turn:
            person = self._read(digest)
        self._keep(digest, person, now, forgotten)
        return person

    def forget(self) -> None:
        """Ask anew for everybody: a session, a role or a token was changed here."""
        with self._lock:
            self._forgotten += 1
            self._known.clear()

    def _keep(self, digest: str, person: Person | None, now: float, forgotten: int) -> None:
        with self._lock:
            self._known.pop(digest, None)
            # What was read before something was changed here may be what it was before.
            if person is not None and forgotten == self._forgotten:
                self._known[digest] = _Known(person, now, now)
            while len(self._known) > MOST:
                self._known.popitem(last=False)

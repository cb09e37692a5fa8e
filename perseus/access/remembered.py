"""Whose key this is: asked of the database at most every few seconds, and believed for a while when that is silent."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from perseus.access.person import Person
from perseus.clock import Clock
from perseus.errors import PerseusError

KEPT_SECONDS = 5.0
BELIEVED_SECONDS = 900.0
#: How long somebody who is known waits for a database that hangs: less than a poll of the page does.
PATIENCE_SECONDS = 1.0
READERS = 4
MOST = 10_000

log = logging.getLogger(__name__)


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

    def __init__(self, read: Callable[[str], Person | None], clock: Clock, patience: float = PATIENCE_SECONDS) -> None:
        self._read = read
        self._clock = clock
        self._patience = patience
        self._readers = ThreadPoolExecutor(READERS, "who is signed in")
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._forgotten = 0
        self._is_silent = False

    def owner(self, digest: str, *, may_be_old: bool) -> Person | None:
        """The owner; None for nobody, or nobody any more.

        While the database is silent, who was known in the last 15 minutes stays known where `may_be_old`: to look at
        the page, not to change things. Else raises what `read` raised.
        """
        now = self._clock.elapsed()
        known = self._known.get(digest)
        if known is not None and now - known.known_at < KEPT_SECONDS:
            return known.person
        is_believed = known is not None and may_be_old and now - known.known_at < BELIEVED_SECONDS
        if known is not None and is_believed and now - known.asked_at < KEPT_SECONDS:
            return known.person
        forgotten = self._forgotten
        try:
            person = self._soon(digest) if is_believed else self._read(digest)
        except PerseusError as error:
            self._noted(error)
            if known is None or not is_believed:
                raise
            known.asked_at = now
            return known.person
        self._noted(None)
        self._keep(digest, person, now, forgotten)
        return person

    def _soon(self, digest: str) -> Person | None:
        try:
            return self._readers.submit(self._read, digest).result(self._patience)
        except TimeoutError:
            raise TooSlow from None

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

    def _noted(self, error: PerseusError | None) -> None:
        """Say it once when the database falls silent, and once when it is back."""
        if error is not None and not self._is_silent:
            log.warning("cannot ask who is signed in, who was known stays so for up to 15 minutes: %s", error)
        elif error is None and self._is_silent:
            log.info("can ask again who is signed in")
        self._is_silent = error is not None

"""What the database says, asked at most every few seconds, and kept on when the database falls silent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from perseus.clock import Clock
from perseus.db.errors import DatabaseMismatch, DatabaseReadOnly
from perseus.db.switch import SwitchedOff
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.notify.configuration import Configuration

KEPT_SECONDS = 5.0
FOLLOWED_SECONDS = 2.0
COMPARED_SECONDS = 15.0
PATIENCE_SECONDS = 1.0

Said = TypeVar("Said")

log = logging.getLogger(__name__)


class Known(Generic[Said]):
    """Call it for what is known. `trouble` is why the database did not give it when it was last asked, or None.

    A database that is down must not empty the page: the last that it gave stands in, `first` while it never gave any.
    One thread asks at a time; the others meanwhile get what is known. So does the one that asks after PATIENCE_SECONDS:
    a database that hangs would make every poll of the page as slow as its own end.
    """

    def __init__(self, read: Callable[[], Said], clock: Clock, what: str, kept_seconds: float, first: Said) -> None:
        self._read = read
        self._clock = clock
        self._what = what
        self._kept_seconds = kept_seconds
        self._asking = threading.Lock()
        self._known = first
        self._asked_at: float | None = None
        self.trouble: PerseusError | None = None

    def __call__(self) -> Said:
        # Long after it was asked, nothing stands in but what is marked as old.
        must_wait = self._is_long_ago() and self.trouble is None
        if self._is_old() and self._asking.acquire(blocking=must_wait):
            if must_wait or self._asked_at is None:
                self._ask_once()
            else:
                asking = threading.Thread(target=self._ask_once, name=f"asks again: {self._what}", daemon=True)
                asking.start()
                asking.join(PATIENCE_SECONDS)
        return self._known

    def forget(self) -> None:
        """Ask the database at the next call: something was saved that its author wants to see."""
        self._asked_at = None

    def _is_old(self) -> bool:
        asked_at = self._asked_at
        return asked_at is None or self._clock.elapsed() - asked_at >= self._kept_seconds

    def _is_long_ago(self) -> bool:
        """So long that what was known then must not stand in while another thread asks."""
        asked_at = self._asked_at
        return asked_at is None or self._clock.elapsed() - asked_at >= 2 * self._kept_seconds

    def _ask_once(self) -> None:
        try:
            if self._is_old():
                self._ask()
        finally:
            self._asking.release()

    def _ask(self) -> None:
        try:
            self._known = self._read()
            if self.trouble is not None:
                log.warning("%s can be read again.", self._what)
            self.trouble = None
        except PerseusError as error:
            if self.trouble is None:
                log.warning("%s cannot be read, the last known stands in. %s", self._what, error)
            self.trouble = error
        self._asked_at = self._clock.elapsed()


class KnownFit(Known[None]):
    """Whether the tables fit this version, compared every 15 seconds. `trouble`: how they do not, or may only be read.

    A database that is silent is told by who asks it for more: what was known of its tables stands.
    """

    def __init__(self, check: Callable[[], None], clock: Clock) -> None:
        super().__init__(check, clock, "The schema of the database", COMPARED_SECONDS, None)

    def _ask(self) -> None:
        before = self.trouble
        try:
            self._read()
            self.trouble = None
        except (DatabaseMismatch, DatabaseReadOnly) as error:
            if str(before) != str(error):
                self.trouble = error
                log.warning("%s", error)
        except PerseusError:
            pass
        if before is not None and self.trouble is None:
            is_writable = isinstance(before, DatabaseReadOnly)
            log.warning("The database %s again.", "takes changes" if is_writable else "fits this version")
        self._asked_at = self._clock.elapsed()


class KnownExchanges(Known[tuple[Exchange, ...]]):
    """The exchanges, asked for every five seconds; () while the database never gave any.

    `off`: where it names none that is active, those that are switched off; None where there are none.
    """

    def __init__(
        self,
        read: Callable[[], tuple[Exchange, ...]],
        clock: Clock,
        all_off: Callable[[], SwitchedOff | None] = lambda: None,
    ) -> None:
        super().__init__(self._both, clock, "The list of exchanges", KEPT_SECONDS, ())
        self._read_active = read
        self._all_off = all_off
        self.off: SwitchedOff | None = None

    def _both(self) -> tuple[Exchange, ...]:
        found = self._read_active()
        self.off = None if found else self._all_off()
        return found


class KnownConfiguration(Known[Configuration]):
    """A ConfigurationSource: who is told what, asked for every two seconds. `first`: what holds before an answer."""

    def __init__(self, read: Callable[[], Configuration], clock: Clock, first: Configuration | None = None) -> None:
        super().__init__(read, clock, "The configuration of notifications", FOLLOWED_SECONDS, first or Configuration())

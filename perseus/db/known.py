"""The exchanges that the database names, kept for five seconds, and kept on when the database falls silent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange

KEPT_SECONDS = 5.0

log = logging.getLogger(__name__)


class KnownExchanges:
    """Call it for the exchanges. `trouble` is why the database did not give them when it was last asked, or None.

    A database that is down must not empty the page: the last exchanges it gave stand in, () while it never gave any.
    One thread asks at a time; the others meanwhile get what is known.
    """

    def __init__(self, read: Callable[[], tuple[Exchange, ...]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._asking = threading.Lock()
        self._exchanges: tuple[Exchange, ...] = ()
        self._asked_at: float | None = None
        self.trouble: PerseusError | None = None

    def __call__(self) -> tuple[Exchange, ...]:
        if self._is_old() and self._asking.acquire(blocking=self._asked_at is None):
            try:
                if self._is_old():
                    self._ask()
            finally:
                self._asking.release()
        return self._exchanges

    def _is_old(self) -> bool:
        return self._asked_at is None or self._clock.elapsed() - self._asked_at >= KEPT_SECONDS

    def _ask(self) -> None:
        try:
            self._exchanges = self._read()
            self.trouble = None
        except PerseusError as error:
            if self.trouble is None:
                log.warning("The exchanges cannot be read, the last known ones stand in. %s", error)
            self.trouble = error
        self._asked_at = self._clock.elapsed()

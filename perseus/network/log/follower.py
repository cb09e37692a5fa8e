"""A thread that reads on while somebody watches, and sleeps else: what a page shows so is never read by its request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.outage import Outage

STOP_SECONDS = 2.0

log = logging.getLogger(__name__)


class Follower:
    """Calls `refresh` every `every_seconds`, until `watched_seconds` after the last sign that somebody watches.

    Where it fails it goes on until it can be done again, so that the log hears of the end.

    `what` is read, for the log. `stopped` is for a `refresh` that takes long.
    """

    def __init__(
        self, refresh: Callable[[], None], clock: Clock, what: str, every_seconds: float, watched_seconds: float
    ) -> None:
        self._refresh = refresh
        self._clock = clock
        self._what = what
        self._every_seconds = every_seconds
        self._watched_seconds = watched_seconds
        self._watched_at: float | None = None
        self._outage = Outage(log, f"{what} are shown as they were last known", f"{what} can be read again.")
        self._wanted, self.stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=what.lower(), daemon=True)

    def watched(self) -> None:
        """Somebody watches."""
        self._watched_at = self._clock.elapsed()
        self._wanted.set()

    def is_watched(self) -> bool:
        """Was there such a sign not long ago?"""
        return self._watched_at is not None and self._clock.elapsed() - self._watched_at < self._watched_seconds

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End it, within two seconds."""
        self.stopped.set()
        self._wanted.set()
        self._thread.join(STOP_SECONDS)

    def read(self) -> None:
        """Refresh once; what goes wrong is in the log and nowhere else."""
        try:
            self._refresh()
            self._outage.done()
        except PerseusError as error:
            self._outage.failed(error)
        except Exception:  # the boundary of this thread: without it, one bug would end the reading for good
            log.exception("%s could not be read.", self._what)

    def _run(self) -> None:
        while not self.stopped.is_set():
            self._wanted.wait()
            if not self.is_watched() and not self._outage.is_on:
                self._wanted.clear()
                continue
            self.read()
            self.stopped.wait(self._every_seconds)

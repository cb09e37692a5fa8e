"""The brake: ends work from outside, however deep in its feed the work is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, Self

from perseus.ingest.feed import Feed
from perseus.network.stopflag import StopFlag
from perseus.pluginhost.calling.boundary import contained

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1


class Guarded(Protocol):
    """The side of an instance that says whether work may go on."""

    stop_requested: StopFlag

    def valid(self) -> bool:
        """May it act for its exchange at this moment?"""


class Brake:
    """Closes the feed within 0.1 s when the lease is not valid or a stop is asked. As a context manager: one thread.

    `pulled` is set from then until the next `released`. While `is_interrupted()` it closes the feed without pulling:
    the work is to look up, and goes on.
    """

    def __init__(self, instance: Guarded, feed: Feed, is_interrupted: Callable[[], bool] = lambda: False) -> None:
        self.pulled = threading.Event()
        self._instance = instance
        self._feed = feed
        self._is_interrupted = is_interrupted
        self._lock = threading.Lock()
        self._at_work = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="brake", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(1.0)  # it hangs if the feed hangs in close
        self.close_feed()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Work may go on inside; afterwards nothing closes the feed behind the caller's back."""
        with self._lock:
            self.pulled.clear()
            self._at_work = True
        try:
            yield
        finally:
            with self._lock:
                self._at_work = False

    def look(self) -> None:
        """Pull, and keep pulling, when work must end: a feed may have been half open the first time."""
        with self._lock:
            if self._at_work and self.must_end():
                self.pulled.set()
                self.close_feed()
            elif self._at_work and self._is_interrupted():
                self.close_feed()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing closes the feed behind the caller's back inside."""
        with self._lock:
            yield

    def hold(self, feed: Feed) -> None:
        """From now on it is this feed that is closed."""
        self._feed = feed

    def must_end(self) -> bool:
        """Has the work to end now?"""
        return self.pulled.is_set() or self._instance.stop_requested.is_set() or not self._instance.valid()

    def close_feed(self) -> None:
        """Close it, whatever it makes of that."""
        try:
            with contained():
                self._feed.close()
        except Exception:
            log.exception("The feed failed while it was closed.")

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()

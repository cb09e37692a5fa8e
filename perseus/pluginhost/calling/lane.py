"""A lane: one plugin's own thread and queue, so that a plugin that is slow or hangs holds up itself only."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

WAITING_MAX = 1_000

Call = Callable[[], object]


class Lane:
    """Runs calls in the order of `put`, and `tick` every `interval` seconds once `wake` was called."""

    def __init__(self, name: str, interval: float, tick: Call) -> None:
        self.name = name
        self._interval = interval
        self._tick = tick
        self._due: float | None = None
        self._calls: queue.Queue[Call | None] = queue.Queue(WAITING_MAX)
        self._dropped = 0
        self._closing = threading.Event()
        self._last: Call = _nothing
        self._thread = threading.Thread(target=self._run, name=f"plugin:{name}", daemon=True)
        self._thread.start()

    def put(self, call: Call) -> None:
        """Queue one call; never blocks. Dropped when 1,000 wait already, or after `finish`."""
        if self._closing.is_set():
            return
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            self._dropped += 1
            if self._dropped == 1:
                log.error("Plugin %s is %d calls behind; further ones are dropped.", self.name, WAITING_MAX)
            return
        if self._dropped:
            log.error("Plugin %s has missed %d calls.", self.name, self._dropped)
            self._dropped = 0

    def wake(self) -> None:
        """Call `tick` now and every interval from now on."""
        self.put(self._tick_now)

    def finish(self, last: Call) -> None:
        """Run what waits, then `last`, then end the thread. Returns at once; only the first call counts."""
        if self._closing.is_set():
            return
        self._last = last
        self._closing.set()
        with contextlib.suppress(queue.Full):  # then it is awake and will see that it is closing
            self._calls.put_nowait(None)

    def join(self, timeout: float) -> bool:
        """Wait for the thread to end. False when it is still at work after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not (self._closing.is_set() and self._calls.empty()):
            call = self._next()
            if call is not None:
                self._attempt(call)
        self._attempt(self._last)

    def _attempt(self, call: Call) -> None:
        try:
            call()
        except BaseException:  # the thread is this plugin's alone, and has further calls
            log.exception("Plugin %s broke off a call.", self.name)

    def _next(self) -> Call | None:
        if self._due is None:
            return self._calls.get()
        try:
            return self._calls.get(timeout=max(0.0, self._due - time.monotonic()))
        except queue.Empty:
            return self._tick_now

    def _tick_now(self) -> None:
        try:
            self._tick()
        finally:
            self._due = time.monotonic() + self._interval


def _nothing() -> None:
    """What is left to do while nobody has said otherwise."""

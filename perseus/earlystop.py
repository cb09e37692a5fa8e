"""A stop that is asked for while a process still starts: it holds nothing to give back, and ends at once."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

TICK_SECONDS = 0.1

log = logging.getLogger(__name__)


def install() -> None:
    """From now on SIGTERM ends this process with 0, until it has a handler of its own. Only in the main thread.

    A start may wait long for a store or a database that hangs.
    """
    signal.signal(signal.SIGTERM, lambda number, _: _leave(number))


@contextmanager
def while_blocked(numbers: Collection[signal.Signals]) -> Iterator[None]:
    """The same inside, for signals that all threads block because somebody will wait for them afterwards."""
    ended = threading.Event()
    thread = threading.Thread(target=_look, args=(numbers, ended), name="early stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _look(numbers: Collection[signal.Signals], ended: threading.Event) -> None:
    while not ended.is_set():
        came = signal.sigtimedwait(numbers, TICK_SECONDS)
        if came is not None:
            _leave(came.si_signo)


def _leave(number: int) -> None:
    # The interrupted thread may be in the middle of writing a line.
    with suppress(RuntimeError):
        log.info("stopped as asked while it started: %s", signal.Signals(number).name)
    os._exit(0)

"""Until when what is asked of the database now must be answered: one end for all that a call consists of."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: How long one call may wait for the database, whatever it waits for.
ANSWER_SECONDS = 5.0


class _Thread(threading.local):
    end: float | None = None


_thread = _Thread()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread asks inside ends in that time. Inside another such block the earlier end holds."""
    before = _thread.end
    end = time.monotonic() + seconds
    _thread.end = end if before is None else min(before, end)
    try:
        yield
    finally:
        _thread.end = before


def left() -> float:
    """Seconds that remain to this thread, below zero where its time is over; ANSWER_SECONDS outside of `within`."""
    return ANSWER_SECONDS if _thread.end is None else _thread.end - time.monotonic()

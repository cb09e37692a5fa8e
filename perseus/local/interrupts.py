"""Ctrl-C and its like, kept from coming between a process that was just begun and who is to end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def put_off() -> Iterator[None]:
    """What comes inside is told to its handler at the end of the block. Keep it short.

    Only where Python handles the signal, and in the main thread, the only one that it interrupts.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: handler for number in NUMBERS if callable(handler := signal.getsignal(number))}
    came: list[int] = []
    try:
        for number in handlers:
            signal.signal(number, lambda one, _: came.append(one))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for told in came:
            handlers[signal.Signals(told)](told, None)

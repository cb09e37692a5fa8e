"""SIGTERM and SIGINT, which ask an ingest process to stop."""

from __future__ import annotations

import _thread
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

from perseus.errors import EXIT_FAILED, StopRequested
from perseus.network.instance import Instance

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def end_process() -> None:
    """At once, without cleaning up: the lease then ends by itself."""
    os._exit(EXIT_FAILED)


class StopSignals:
    """SIGTERM and SIGINT as a request to stop, from before the claim on. Only in the main thread.

    When the process is still there `seconds` after a request, `hard_exit` ends it.
    """

    def __init__(self, exchange: str, seconds: float, hard_exit: Callable[[], None] = end_process) -> None:
        self._exchange = exchange
        self._seconds = seconds
        self._hard_exit = hard_exit
        self._asked = threading.Event()
        self._ended = threading.Event()
        self._instance: Instance | None = None
        self._reason = ""

    def __enter__(self) -> Self:
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._earlier = [signal.signal(number, self._on_signal) for number in SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._is_main:
            for number, handler in zip(SIGNALS, self._earlier, strict=True):
                signal.signal(number, handler)

    def pass_to(self, instance: Instance) -> None:
        """From now on a request is this instance's."""
        self._instance = instance
        if self._asked.is_set():
            instance.request_stop(self._reason)

    def pause(self, seconds: float) -> None:
        """Sleep. Raises StopRequested when a stop was asked, also before."""
        if self._asked.wait(seconds):
            raise StopRequested(self._exchange, self._reason)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # Not here: the interrupted thread may hold the very lock that setting an Event takes.
        _thread.start_new_thread(self.ask, (signal.Signals(number).name,))

    def ask(self, reason: str) -> None:
        """Ask for a stop and see to it that it ends in time. Blocks until it has."""
        self._reason = reason
        self._asked.set()
        if self._instance is not None:
            self._instance.request_stop(reason)
        if not self._ended.wait(self._seconds):
            log.critical("%s has not stopped within %g s and is ended.", self._exchange, self._seconds)
            self._hard_exit()

"""SIGTERM and SIGINT, which ask an ingest process to stop."""

from __future__ import annotations

import _thread
import logging
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Self

from perseus.errors import EXIT_FAILED, StopRequested
from perseus.network.instance import Instance
from perseus.pluginhost.calling.deadline import TookTooLong, call_within

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: The part of the stop time that the work has; the rest is for giving the lease back without it.
WORK_SHARE = 0.8


def end_process() -> None:
    """At once, without cleaning up: a lease that is not released by then ends by itself."""
    os._exit(EXIT_FAILED)


class StopSignals:
    """SIGTERM and SIGINT as a request to stop, from before the claim on. Only in the main thread.

    When the work has not ended after 80 % of `seconds`, as when its feed hangs, the lease is released without it and
    `hard_exit` ends the process, `seconds` after the request at the latest. `catches`: False for one that is only asked
    by others. `pass_on(reason)`: told of a request on a thread of its own.
    """

    def __init__(
        self,
        exchange: str,
        seconds: float,
        hard_exit: Callable[[], None] = end_process,
        *,
        catches: bool = True,
        pass_on: Callable[[str], object] | None = None,
    ) -> None:
        self._exchange = exchange
        self._seconds = seconds
        self._hard_exit = hard_exit
        self._catches = catches
        self._pass_on = pass_on
        self._asked = threading.Event()
        self._ended = threading.Event()
        self._instance: Instance | None = None
        self._reason = ""

    def __enter__(self) -> Self:
        self._is_main = self._catches and threading.current_thread() is threading.main_thread()
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
        if self._pass_on is not None:
            threading.Thread(target=self._pass_on, args=(reason,), daemon=True).start()
        if self._instance is not None:
            self._instance.request_stop(reason)
        if self._ended.wait(self._seconds * WORK_SHARE):
            return
        self._release()
        if not self._ended.is_set():
            log.critical("%s has not stopped within %g s and is ended.", self._exchange, self._seconds)
            self._hard_exit()

    def _release(self) -> None:
        """Give the lease back while the work hangs: its guards fail from here on, and the process ends next."""
        instance, seconds = self._instance, self._seconds * WORK_SHARE
        if instance is None:
            return
        reason = f"{self._reason}: its feed or a plugin hangs, the work has not ended within {seconds:g} s"
        log.error("%s: %s. Its lease is released without it.", self._exchange, reason)
        try:
            call_within(self._seconds - seconds, "release", partial(instance.stop, reason))
        except TookTooLong:
            log.error("%s could not be released in time; its lease ends by itself.", self._exchange)
        except Exception:
            log.exception("%s could not be released; its lease ends by itself.", self._exchange)

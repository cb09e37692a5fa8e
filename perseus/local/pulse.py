"""Ends a process in which no Python runs any more: foreign code that holds the interpreter's lock stops every thread.

Only a thread without that lock can notice: that of `faulthandler`, which writes where each thread stands and exits.
"""

from __future__ import annotations

import faulthandler
import sys
import threading

BEAT_SECONDS = 1.0


class Pulse:
    """`seconds` without a beat end the process with exit code 1, for its supervisor to start it again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """End; nothing ends the process from now on."""
        self._stopping.set()
        self._thread.join(2 * BEAT_SECONDS)
        faulthandler.cancel_dump_traceback_later()

    def _beat(self) -> None:
        faulthandler.dump_traceback_later(self._seconds, exit=True, file=sys.__stderr__ or 2)

    def _run(self) -> None:
        while not self._stopping.wait(BEAT_SECONDS):
            self._beat()

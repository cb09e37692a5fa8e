"""Processes by pid and start time: the kernel gives a pid to somebody else, but never with the same start time.

Source: /proc (Linux), fields 3 and 22 of `stat`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process for good. `started` is in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process that has this pid now; None when there is none, or it has ended and waits to be collected."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
        except OSError:
            return None
        # The command name may hold blanks and brackets, so count from the last bracket.
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    def lives(self) -> bool:
        """Whether this very process runs."""
        return self == ProcessMark.of(self.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this very process; nothing happens when it has ended."""
        if self.lives():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def end(marks: Iterable[ProcessMark], seconds: float) -> None:
    """SIGTERM to all at once, SIGKILL to what is left after `seconds`. Returns when none runs any more."""
    waiting = [mark for mark in marks if mark.lives()]
    for mark in waiting:
        mark.signal(signal.SIGTERM)
    if not wait_for(lambda: not any(mark.lives() for mark in waiting), seconds):
        for mark in waiting:
            mark.signal(signal.SIGKILL)
        wait_for(lambda: not any(mark.lives() for mark in waiting), 2.0)


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Look every `pause` seconds until `condition` holds; False when it still does not after `seconds`."""
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= give_up:
            return False
        time.sleep(pause)
    return True

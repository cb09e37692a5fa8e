"""Ends the dispatcher when it holds too much memory, naming the destination whose notifier took it.

A supervisor starts it again; the breaker of that destination is then open, and the others are sent to as before.
"""

from __future__ import annotations

import logging
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
RECORD_SECONDS = 1.0
PAGE = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 1024 * 1024
STATM = Path("/proc/self/statm")
THREADS = Path("/proc/self/task")
FAULTS_FIELD = 7
#: Kept for the moment when there is none left to write down what happened.
RESERVE = 4 * MEGABYTE
#: One allocation may go this much beyond the limit before it is refused.
HEADROOM_MB = 128


@dataclass
class _Call:
    destination: str
    thread: int
    resident: int
    faults: int
    #: The most pages that another call touched which ended while this one ran.
    rival: int = 0


@dataclass
class Accounts:
    """What the calls of each destination took of memory. `resident()`: bytes of this process; `faults(thread)`: pages
    that a thread has touched for the first time, which tells calls at the same time apart.
    """

    resident: Callable[[], int] = lambda: resident_bytes()
    faults: Callable[[int], int] = lambda thread: faults_of(thread)
    kept: dict[str, int] = field(default_factory=dict)
    _running: dict[int, _Call] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def call(self, destination: str) -> Iterator[None]:
        """Around one call, on its own thread."""
        thread = threading.get_native_id()
        call = _Call(destination, thread, self.resident(), self.faults(thread))
        with self._lock:
            self._running[thread] = call
        try:
            yield
        finally:
            took, touched = self._took(call), self._touched(call)
            with self._lock:
                self._running.pop(thread, None)
                for other in self._running.values():
                    other.rival = max(other.rival, touched)
                self.kept[destination] = self.kept.get(destination, 0) + took

    def culprit(self) -> tuple[str, int] | None:
        """The destination that took most, and how many bytes; None when none took any."""
        with self._lock:
            # No call ends meanwhile: of a thread that is gone nothing can be read.
            taken = dict(self.kept)
            for call in self._running.values():
                taken[call.destination] = taken.get(call.destination, 0) + self._took(call)
        most = max(taken, key=lambda name: taken[name], default=None)
        return None if most is None or taken[most] <= 0 else (most, taken[most])

    def _took(self, call: _Call) -> int:
        """What the process grew by, for the call that touched most; no more than what they touched for the others."""
        grown = self.resident() - call.resident
        with self._lock:
            others = [self._touched(other) for other in self._running.values() if other is not call]
        touched, most = self._touched(call), max(others, default=0)
        return grown if grown <= 0 or touched >= max(most, call.rival) else min(grown, touched * PAGE)

    def _touched(self, call: _Call) -> int:
        return max(0, self.faults(call.thread) - call.faults)


class MemoryGuard:
    """`limit_mb` of resident memory. `record(destination or None, text)` writes down what happened, within a second;
    then `end()` ends the process.
    """

    def __init__(
        self,
        limit_mb: int,
        accounts: Accounts,
        record: Callable[[str | None, str], object],
        end: Callable[[], object],
    ) -> None:
        self._limit_mb = limit_mb
        self._accounts = accounts
        self._record = record
        self._end = end
        self._reserve = bytearray(RESERVE)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-guard", daemon=True)

    def start(self) -> None:
        """Watch. From now on an allocation far beyond the limit raises MemoryError in who asked for it."""
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        ceiling = data_bytes() + (self._limit_mb + HEADROOM_MB) * MEGABYTE
        if hard == resource.RLIM_INFINITY or ceiling < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (ceiling, hard))
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def look(self) -> bool:
        """Look once. True when there was too much, and the end was called for."""
        used_mb = self._accounts.resident() // MEGABYTE
        if used_mb <= self._limit_mb:
            return False
        _lift_ceiling()
        self._reserve = bytearray()
        found = self._accounts.culprit()
        text = f"the dispatcher held {used_mb} MB of memory, more than the {self._limit_mb} MB it may"
        if found is not None:
            text = f"{text}; {found[1] // MEGABYTE} MB of it by sending to {found[0]}"
        log.critical("%s. It ends, to be started again.", text[0].upper() + text[1:])
        recording = threading.Thread(target=self._attempt, args=(found[0] if found else None, text), daemon=True)
        recording.start()
        recording.join(RECORD_SECONDS)
        self._end()
        return True

    def _attempt(self, destination: str | None, text: str) -> None:
        try:
            self._record(destination, text)
        except Exception:
            # The process ends in any case, and the log has the line.
            log.exception("What happened could not be recorded")

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                if self.look():
                    return
            except (MemoryError, OSError):  # there is not even enough to look: no memory, no file
                time.sleep(0)


def resident_bytes() -> int:
    """Resident memory of this process. Source: /proc/self/statm."""
    return int(STATM.read_bytes().split()[1]) * PAGE


def data_bytes() -> int:
    """What RLIMIT_DATA counts of this process. Source: /proc/self/statm."""
    return int(STATM.read_bytes().split()[5]) * PAGE


def faults_of(thread: int) -> int:
    """Pages that one thread of this process has touched for the first time. Source: /proc/self/task/<id>/stat."""
    try:
        told = (THREADS / str(thread) / "stat").read_bytes()
    except OSError:
        return 0
    # The name of the thread may hold spaces; behind its bracket minflt is the eighth field.
    return int(told.rpartition(b")")[2].split()[FAULTS_FIELD])


def _lift_ceiling() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))

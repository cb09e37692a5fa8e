"""One contender as the drill sees it: its lines, its signals, what it wrote down, and its end."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from perseus.clock import SystemClock
from perseus.drill.spans import Span, read
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange

LOOK = 0.1
GONE = "gone"
#: What ends a drill; held back while a contender starts, so that none is started unknown to who must end it.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CLOCK = SystemClock()


class DrillFailed(PerseusError):
    """Raised when a drill cannot go on. Nothing follows for the exchanges of the site."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"The drill cannot go on: {problem}. {mend}")
        self.problem = problem
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a contender: when, in elapsed seconds of this machine, what, and more by name."""

    at: float
    what: str
    more: Mapping[str, Any]


class Runner:
    """A running contender; the block ends it. `name` is for people, its files are in `folder`.

    `mark`: how the names of its connections to the store begin.
    """

    def __init__(
        self,
        name: str,
        exchange: Exchange,
        folder: Path,
        environ: Mapping[str, str],
        cable: int | None,
        mark: str,
    ) -> None:
        self.name = name
        self._exchange = exchange
        self._folder = folder
        self._environ = environ
        self._cable = cable
        self._mark = mark
        self.pid: int | None = None
        self._lines: queue.Queue[Told] = queue.Queue()
        self.told: dict[str, Told] = {}

    def __enter__(self) -> Self:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            self._start()
        except BaseException:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            raise
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True)
        exchange, book = self._exchange, self._folder / "spans"
        command = [sys.executable, "-m", "perseus.drill.contender", "--id", str(exchange.id), "--name", exchange.name]
        command += ["--mark", self._mark, "--book", str(book), *(["--cable", str(self._cable)] if self._cable else [])]
        self._log = (self._folder / "log").open("wb")
        # A session of its own: Ctrl-C at the terminal reaches the drill alone, which ends the contenders.
        self._process = subprocess.Popen(
            command,
            env={**self._environ, "PERSEUS_HOME": str(self._folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, name="drill", daemon=True)
        self._reader.start()

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.signal(signal.SIGCONT)
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            assert pipe is not None
            pipe.close()

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP, SIGCONT, SIGKILL. Nothing happens when it has ended."""
        if self._process.poll() is None:
            os.kill(self._process.pid, number)

    def wait(self, whats: tuple[str, ...], seconds: float, after: float = 0.0) -> Told | None:
        """The next line of one of these kinds from `after` on, or that it is `gone`; None after `seconds`."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            with suppress(queue.Empty):
                told = self._lines.get(timeout=LOOK)
                if told.what in whats and told.at >= after:
                    return told
                continue
            if not self._reader.is_alive():
                return self.told[GONE]
        return None

    def until(self, what: str, seconds: float) -> Told:
        """The next line of this kind. Raises DrillFailed, with what it said last, when none comes."""
        told = self.wait((what,), seconds)
        if told is None or told.what != what:
            raise DrillFailed(f"its {self.name} instance was not {what} within {seconds:.0f} s", self._last_words())
        return told

    def until_true(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Look until it holds; False after `seconds`, or when the contender has ended."""
        give_up = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > give_up or self._process.poll() is not None:
                return holds()
            time.sleep(LOOK / 5)
        return True

    def spans(self) -> tuple[list[Span], float]:
        """When it was valid, and the longest time between two questions in seconds. Also of one that was killed."""
        return read(self._folder / "spans")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with suppress(ValueError, KeyError):
                raw = json.loads(line)
                told = Told(float(raw.pop("at")), str(raw.pop("what")), raw)
                self.told[told.what] = told
                self._lines.put(told)
        self.told[GONE] = Told(CLOCK.elapsed(), GONE, {})

    def _last_words(self) -> str:
        """What it said last, for people."""
        why = next((told.more["why"] for told in reversed(list(self.told.values())) if "why" in told.more), None)
        if why is None:
            lines = (self._folder / "log").read_text("utf-8", "replace").strip().splitlines()
            why = lines[-1] if lines else "It said nothing. Is this machine busy? Try again."
        return str(why)

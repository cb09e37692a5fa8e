"""One process that `perseus up` runs: started in a session and with a log of its own, ended with all it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from perseus.local import logfile
from perseus.local.pids import ProcessMark


@dataclass(frozen=True, slots=True)
class Task:
    """What a child is to do: a `perseus` command line. `exchange` is set for an ingest process."""

    name: str
    command: tuple[str, ...]
    exchange: str | None = None


class Child:
    """A running task. Its output goes to `log_path`. Raises OSError when the machine starts no more processes."""

    def __init__(self, task: Task, folder: Path, environ: Mapping[str, str]) -> None:
        self.task = task
        self.log_path = folder / f"{task.name.replace(' ', '-')}.log"
        # A session of its own: Ctrl-C at the terminal reaches `up` alone, which ends the others in order.
        with logfile.opened(self.log_path) as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "perseus", *task.command],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.mark = ProcessMark.of(self._process.pid)

    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it. What it had started and left is ended too."""
        if self._process.returncode is None:
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            if os.waitid(os.P_PID, self._process.pid, options) is None:
                return None
            # Not collected yet, so the number of its group cannot be somebody else's.
            self._end_group()
        return self._process.wait()

    def stop(self) -> None:
        """Ask it to end."""
        if self.exit_code() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and all it has started, by force. Returns when it has ended."""
        if self.exit_code() is None:
            self._end_group()
            self._process.wait()

    def last_words(self) -> str:
        """The last line of its log, for people."""
        return logfile.last_line(self.log_path)

    def _end_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

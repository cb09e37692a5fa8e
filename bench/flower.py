"""Celery Flower beside us: its workers page on the same machine, with as many live workers.

It goes into a virtual environment of its own, `build/flower`, from PyPI. Its workers are as ours: heartbeats without
the work, sent by Celery's own code.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from bench import guests, store
from bench.interpreters import environment
from tests.redis_process import free_port

VERSION = "2.2.0"
NAME = "flower"
PYTHON = guests.python(NAME)
READY_SECONDS = 60.0


def install() -> None:
    """Have Flower in build/flower. Raises guests.NotInstalled."""
    guests.install(NAME, f"flower=={VERSION}", "redis", "packaging")


@contextmanager
def running(workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """Flower that knows so many live workers: its port and process."""
    with store.throw_away() as url, _beating(url, workers):
        port = free_port()
        command = [
            *(str(PYTHON), "-m", "celery", f"--broker={url}", "flower"),
            *("--address=127.0.0.1", f"--port={port}", "--logging=error"),
        ]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(
            command, cwd=guests.folder(NAME), env=environment({}), stdout=quiet, stderr=quiet
        ) as process:
            try:
                _wait_until_it_knows(port, workers)
                yield port, psutil.Process(process.pid)
            finally:
                process.terminate()


@contextmanager
def _beating(url: str, workers: int) -> Iterator[None]:
    script = Path(__file__).with_name("celeryworkers.py")
    with subprocess.Popen([str(PYTHON), str(script), url, str(workers)], env=environment({})) as process:
        try:
            yield
        finally:
            process.terminate()


def _wait_until_it_knows(port: int, workers: int) -> None:
    gives_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < gives_up:
        try:
            with urlopen(f"http://127.0.0.1:{port}/workers?json=1", timeout=5) as answer:
                if answer.read().count(b'"status": true') == workers:
                    return
        except (URLError, OSError):
            pass
        time.sleep(0.2)
    raise RuntimeError(f"Flower did not know {workers} live workers within {READY_SECONDS:.0f} s")

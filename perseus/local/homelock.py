"""One `perseus up` for a home: a lock that the kernel drops with its process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from perseus.errors import EXIT_HELD, PerseusError, SettingError
from perseus.local.runfile import Run


class HomeInUse(PerseusError):
    """Raised when another `perseus up` runs in the same home. `web` is None while it has not said its address."""

    exit_code = EXIT_HELD

    def __init__(self, home: Path, pid: str, web: str | None) -> None:
        super().__init__(
            f"`perseus up` already runs in {home} (process {pid}, {web or 'still starting'}). Use that one, stop it by"
            f" `kill {pid}`, or set PERSEUS_HOME and PERSEUS_PORT for a second one."
        )
        self.home = home
        self.pid = pid
        self.web = web


def unusable(home: Path, error: OSError) -> SettingError:
    """What to raise when nothing can be written in a home."""
    return SettingError("PERSEUS_HOME", f"{home} cannot be used ({error.strerror})", "Mend that, or choose another.")


@contextmanager
def held(home: Path, pid: int) -> Iterator[None]:
    """Hold the home for the process `pid` (ours). Raises HomeInUse, and SettingError for one that is not writable."""
    try:
        file = (home / "up.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise unusable(home, error) from None
    with file:
        try:
            # A lock of ours may be writable in a folder that is not: nothing else could be made there.
            if not os.access(home, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            _lock(file, home)
            file.truncate(0)
            # Unbuffered: on a full disk a line kept back would fail again when the file is closed.
            os.write(file.fileno(), str(pid).encode("ascii"))
        except OSError as error:
            raise unusable(home, error) from None
        yield


def _lock(file: TextIO, home: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        run = Run.living(home)
        raise HomeInUse(home, file.read().strip() or "unknown", run.web if run else None) from None

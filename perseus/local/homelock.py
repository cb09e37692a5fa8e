"""One `perseus up` for a home: a lock that the kernel drops with its process, however that ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perseus.errors import EXIT_HELD, PerseusError
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


@contextmanager
def held(home: Path, pid: int) -> Iterator[None]:
    """Hold the home for the process `pid` (ours). Raises HomeInUse."""
    with (home / "up.lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            run = Run.living(home)
            raise HomeInUse(home, file.read().strip() or "unknown", run.web if run else None) from None
        file.truncate(0)
        file.write(str(pid))
        file.flush()
        yield

"""Remembers an import that its process did not outlive: a crash in C or `os._exit` leaves nobody to catch anything.

Each import of a plugin that is not bundled is noted in a file of the home, locked while the process lives. Who finds a
note that nobody locks knows that the process ended in that import.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from perseus.pluginhost.admission.candidate import PluginRejected
from perseus.pluginhost.admission.discovery import Found
from perseus.pluginhost.info import PluginState

#: One death may be anything, a second in a row is the plugin's.
DEATHS_MAX = 2
REMEMBERED_SECONDS = 3600.0

#: Around the import of one plugin; may raise PluginRejected before it.
Trial = Callable[[Found], AbstractContextManager[object]]


def untried(found: Found) -> AbstractContextManager[object]:
    """For an import of which nothing is noted."""
    return nullcontext()


class Trials:
    """The notes of one group in `home`. `now()`: Unix seconds, as files have them."""

    def __init__(self, home: Path | None, group: str, now: Callable[[], float] = time.time) -> None:
        self._folder = None if home is None else home / "imports"
        self._group = group
        self._now = now

    @contextmanager
    def of(self, found: Found) -> Iterator[None]:
        """Around the import of a plugin. Raises PluginRejected when the last two processes ended in it.

        Without a folder that can be written it is imported all the same.
        """
        note = None if found.is_bundled or self._folder is None else self._open(self._folder, found.name)
        if note is None:
            yield
            return
        path, file = note
        try:
            self._count(path, file)
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
        finally:
            os.close(file)

    def _open(self, folder: Path, name: str) -> tuple[Path, int] | None:
        path = folder / f"{self._group}.{name}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process imports it at this moment
            os.close(file)
            return None
        return path, file

    def _count(self, path: Path, file: int) -> None:
        text = os.read(file, 8).decode("ascii", "replace")
        deaths = int(text) if text.isdecimal() else 0
        if self._now() - os.fstat(file).st_mtime > REMEMBERED_SECONDS:
            deaths = 0
        if deaths >= DEATHS_MAX:
            raise PluginRejected(
                PluginState.FAILED,
                f"its import ended the process {deaths} times in a row, so it is left out for an hour. "
                f"Mend it, then delete {path}",
            )
        os.pwrite(file, str(deaths + 1).encode("ascii"), 0)

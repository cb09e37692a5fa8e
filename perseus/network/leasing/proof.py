"""Proof of a restart: the old nonce in a 0600 file, locked while its process lives.

A hostname proves nothing: two processes can share one. Whoever can lock the file knows that its last owner is dead.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)


class RestartProof:
    """The file `instances/<exchange>.nonce` in the home. `previous` is None for a first start or a busy file."""

    def __init__(self, home: Path, exchange_name: str) -> None:
        self._file: int | None = None
        self.previous: str | None = None
        path = home / "instances" / f"{exchange_name}.nonce"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            log.warning("A restart will wait for its old lease: %s cannot be used (%s).", path, error.strerror)
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.debug("Another process of this host works with %s: no fast restart from it.", path)
            os.close(file)
            return
        self._file = file
        self.previous = os.read(file, 64).decode("ascii", "replace").strip() or None

    def keep(self, nonce: str) -> None:
        """Remember the nonce of the lease that was just granted."""
        if self._file is None:
            return
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, nonce.encode("ascii"), 0)
            os.fsync(self._file)
        except OSError as error:
            log.warning("A restart will wait for its old lease, which cannot be noted (%s).", error.strerror)

    def close(self) -> None:
        """Let the next process of this host have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

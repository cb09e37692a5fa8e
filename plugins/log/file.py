"""A file that lines are appended to. Opened for each write: one that was moved away is begun anew at its old name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perseus import Permanent, Retry

#: What a person must put right; the last is a socket. Anything else, such as a full disk, may pass.
LASTING = frozenset(
    (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EROFS, errno.ENXIO)
)
MODE = 0o600


def append(path: Path, lines: bytes) -> None:
    """Write whole lines behind what is there. Raises Permanent for a path that cannot be used, Retry for the rest."""
    with _opened(path) as file:
        try:
            whole = _begun_anew(file) + lines
            written = os.write(file, whole)
        except OSError as error:
            raise Retry(f"the file cannot be written: {_said(error)}", may_have_arrived=False) from None
        if written < len(whole):
            raise Retry("the file took only a part: the disk may be full")


def check(path: Path) -> int:
    """Bytes in the file; 0 for one that is yet to be made. Raises as `append`; writes nothing and makes nothing."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise Permanent("the file's folder is not there, or not ours to write in") from None
        return 0
    except OSError as error:
        raise Permanent(f"the file cannot be used: {_said(error)}") from None
    if not stat.S_ISREG(found.st_mode):
        raise Permanent("its path is no file")
    if not os.access(path, os.R_OK | os.W_OK):
        raise Permanent("the file is not ours to read and write")
    return found.st_size


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Read, too, for the end of what is there. Nothing may hang, hence O_NONBLOCK; a pipe is refused like all else."""
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, MODE)
    except OSError as error:
        reason = f"the file cannot be opened: {_said(error)}"
        if error.errno in LASTING:
            raise Permanent(reason) from None
        raise Retry(reason, may_have_arrived=False) from None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Permanent("its path is no file")
        yield file
    finally:
        os.close(file)


def _begun_anew(file: int) -> bytes:
    """A line break when the last line is a torn one, as a full disk leaves it."""
    size = os.fstat(file).st_size
    return b"" if size == 0 or os.pread(file, 1, size - 1) == b"\n" else b"\n"


def _said(error: OSError) -> str:
    return os.strerror(error.errno or 0)

"""A file in the home that holds a key: made once, whole, for its owner's eyes alone; never written over."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def make(path: Path, content: bytes) -> None:
    """Whole or not at all, and never over one that is there. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        pass  # another process was faster, and its key is the one
    finally:
        os.unlink(beside)


def open_to_others(path: Path) -> int | None:
    """Its mode, where others than its owner may read or write it. Raises OSError."""
    mode = stat.S_IMODE(path.stat().st_mode)
    return mode if mode & 0o077 else None

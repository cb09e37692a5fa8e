"""What is compared with us and is not ours: each in a virtual environment of its own, under `build/`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.interpreters import ROOT

PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


class NotInstalled(RuntimeError):
    """Raised when a guest cannot be had here; its text says what is missing, or the command that installs it."""


def folder(name: str) -> Path:
    """Where a guest lives."""
    return ROOT / "build" / name


def python(name: str) -> Path:
    """Its interpreter."""
    return folder(name) / "bin" / "python"


def install(name: str, *packages: str) -> None:
    """Have these there, from PyPI; nothing is done when the first of them is. Raises NotInstalled."""
    stamp = folder(name) / packages[0].replace("==", "-")
    if stamp.exists():
        return
    try:
        _run(sys.executable, "-m", "venv", "--clear", str(folder(name)))
        _run(str(python(name)), *PIP, *packages)
    except subprocess.CalledProcessError as error:
        raise NotInstalled(str(error.stderr or error).strip().splitlines()[-1]) from None
    stamp.touch()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

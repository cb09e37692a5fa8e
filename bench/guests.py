"""What is compared with us and is not ours: each in a virtual environment of its own, under `build/`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.interpreters import ROOT

NEWEST = 14
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


class NotInstalled(RuntimeError):
    """Raised when a guest cannot be had here; its text says what is missing, or the command that installs it."""


def folder(name: str) -> Path:
    """Where a guest lives."""
    return ROOT / "build" / name


def python(name: str) -> Path:
    """Its interpreter."""
    return folder(name) / "bin" / "python"


def install(name: str, *packages: str, least: tuple[int, int] = (3, 11)) -> None:
    """Have these there, from PyPI; nothing is done when the first of them is. Raises NotInstalled.

    `least`: version of Python that they need; this one serves where it is no older.
    """
    stamp = folder(name) / packages[0].replace("==", "-")
    if stamp.exists():
        return
    maker = next(_interpreters(least), None)
    if maker is None:
        raise NotInstalled(f"{packages[0]} needs Python {least[0]}.{least[1]} or newer")
    try:
        _run(maker, "-m", "venv", "--clear", str(folder(name)))
        _run(str(python(name)), *PIP, *packages)
    except subprocess.CalledProcessError as error:
        raise NotInstalled(str(error.stderr or error).strip().splitlines()[-1]) from None
    stamp.touch()


def _interpreters(least: tuple[int, int]) -> Iterator[str]:
    """This one, those on PATH and those of pyenv, as far as they work and are new enough."""
    if sys.version_info[:2] >= least:
        yield sys.executable
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    versions = [f"python3.{minor}" for minor in range(least[1], NEWEST + 1)]
    for program in (*versions, *(str(found) for one in versions for found in kept.glob(f"*/bin/{one}"))):
        try:
            _run(program, "-c", "import venv, ensurepip")
        except (OSError, subprocess.CalledProcessError):
            continue
        yield program


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

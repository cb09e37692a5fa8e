"""One process on a host of its own, and what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from perseus.clock import parse_iso
from tests.commands.running import eventually


class Process:
    """`log`: a file with all that it has said."""

    def __init__(self, line: list[str], folder: Path, environ: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(line, env=environ, cwd=folder, stdout=output, stderr=subprocess.STDOUT)

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8")

    def has_said(self, pattern: str, seconds: float = 30) -> int:
        """Wait for a line of its log like this; when it was written, in Unix milliseconds."""
        line = re.compile(rf"^(\S+Z) \w+ [\w.]+: {pattern}", re.MULTILINE)
        return parse_iso(eventually(lambda: line.search(self.said), seconds)[1])

    def wait(self, seconds: float = 30) -> int:
        """Its exit code."""
        return self._process.wait(seconds)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def reap(self) -> None:
        """Note its end, if it has ended."""
        self._process.poll()

    def end(self) -> None:
        """At once."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait(10)

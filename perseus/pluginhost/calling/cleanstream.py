"""What plugins print: the standard streams of a process, without the secrets that it knows."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from perseus.pluginhost.calling.scrub import Scrubber, scrubber


class CleanStream:
    """A text stream that scrubs each write; everything else is the stream's own."""

    def __init__(self, stream: TextIO, known: Scrubber) -> None:
        self._stream = stream
        self._known = known

    def write(self, text: str) -> int:
        """As its stream. A secret that is written in pieces is not known."""
        self._stream.write(self._known.scrub(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """As its stream."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def install(known: Scrubber = scrubber) -> None:
    """Let what is printed from now on pass through; for a process that runs plugins with secrets."""
    sys.stdout, sys.stderr = CleanStream(sys.stdout, known), CleanStream(sys.stderr, known)

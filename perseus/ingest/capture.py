"""Recorded exchange traffic: one WebSocket connection a file, as cryptofeed writes it.

First line `<ws URL> <-> <connect time>`; lines `<ws URL> <- <time>: <text>` are what the client sent; every other
line is `<receive time>: <text frame>`. Times are Unix seconds with a fraction. Frames are JSON objects.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perseus.errors import EXIT_CONFIG, PerseusError, SettingError

HEADER = re.compile(r"(?P<url>wss?://\S+) <-> (?P<at>\S+)\s*")
SENT = re.compile(r"wss?://\S+ <- ")


class BadCapture(PerseusError):
    """Raised when a line of a capture is not what the format says."""

    exit_code = EXIT_CONFIG

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}, line {line}: {problem}. Give a capture of one WebSocket connection, unchanged.")
        self.path = path
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the exchange. `at`: when it was received, Unix seconds; `line`: where it stands."""

    at: float
    line: int
    content: dict[str, Any]

    @property
    def symbols(self) -> set[str]:
        """The symbols it is about: Binance (combined or single stream) and Coinbase. Empty for other kinds."""
        body = self.content.get("data", self.content)
        if not isinstance(body, dict):
            return set()
        return {name for name in (body.get("s"), body.get("product_id")) if isinstance(name, str)}


class Capture:
    """A recorded connection. Raises SettingError when the file cannot be read, BadCapture when it is no capture."""

    def __init__(self, path: Path) -> None:
        self.path = path
        header = HEADER.fullmatch(next(self._lines(), (1, ""))[1])
        if header is None:
            raise BadCapture(path, 1, "it does not begin with '<WebSocket URL> <-> <time>'")
        self.url = header["url"]

    def frames(self) -> Iterator[Frame]:
        """Every message in the order of its recording. Raises as the class does."""
        for number, line in self._lines():
            if number > 1 and line.strip() and not SENT.match(line):
                yield self._frame(number, line)

    def _lines(self) -> Iterator[tuple[int, str]]:
        number = 1
        try:
            with self.path.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    yield number, line.decode("utf-8")
        except OSError as error:
            raise SettingError(
                "--replay", f"{self.path} cannot be read: {error.strerror}", "Give the path of a recorded capture."
            ) from None
        except UnicodeDecodeError:
            raise BadCapture(self.path, number, "it is not UTF-8 text") from None

    def _frame(self, number: int, line: str) -> Frame:
        received, _, text = line.partition(": ")
        try:
            at = float(received)
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise BadCapture(self.path, number, "it is not '<receive time>: <JSON>'") from None
        if not math.isfinite(at) or not isinstance(content, dict):
            raise BadCapture(self.path, number, "it is not '<receive time>: <JSON object>'")
        return Frame(at, number, content)

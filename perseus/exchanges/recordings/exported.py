"""What is in a recording, and its connections as captures: the form that cryptofeed writes and `--replay` plays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlencode, urlsplit

import msgspec

from perseus.exchanges.recordings.entries import (
    Answered,
    Asked,
    Control,
    Dropped,
    Ended,
    Entry,
    Heard,
    NotOpened,
    Opened,
    Sent,
    Unanswered,
)


@dataclass
class Line:
    """One connection. Times are Unix microseconds; `end` None: it was open when the recording ended."""

    url: str
    opened: int
    last: int
    heard: int = 0
    sent: int = 0
    pings: int = 0
    end: Ended | None = None


@dataclass
class Contents:
    """All of a recording, counted. `requests`: by path and what came of them; `refused`: connections, by why."""

    first: int = 0
    last: int = 0
    lines: dict[int, Line] = field(default_factory=dict)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    dropped: int = 0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Contents:
        contents, paths = cls(), dict[int, str]()
        for entry in entries:
            if entry.at:
                contents.first, contents.last = contents.first or entry.at, max(contents.last, entry.at)
            contents._take(entry, paths)
        return contents

    def _take(self, entry: Entry, paths: dict[int, str]) -> None:
        match entry:
            case Opened():
                self.lines[entry.connection] = Line(entry.url, entry.at, entry.at)
            case NotOpened():
                self.refused[f"HTTP {entry.status}" if entry.status else entry.kind] += 1
            case Heard() | Sent() | Control() | Ended():
                if line := self.lines.get(entry.connection):
                    _count(line, entry)
            case Asked():
                paths[entry.request] = urlsplit(entry.url).path
            case Answered():
                self.requests[paths.pop(entry.request, "?"), str(entry.status)] += 1
            case Unanswered():
                self.requests[paths.pop(entry.request, "?"), entry.kind] += 1
            case Dropped():
                self.dropped += entry.count


def _count(line: Line, entry: Heard | Sent | Control | Ended) -> None:
    line.last = max(line.last, entry.at)
    match entry:
        case Heard():
            line.heard += 1
        case Sent():
            line.sent += 1
        case Ended():
            line.end = entry
        case Control(what="ping"):
            line.pings += 1


@dataclass(frozen=True)
class Exported:
    """The files that were written, and what a capture has no form for: messages that are no JSON object, failures."""

    files: tuple[Path, ...]
    left_out: int


def export(entries: Iterable[Entry], folder: Path, stem: str) -> Exported:
    """Write `<stem>.ws.<n>` of each connection and `<stem>.rest` of all requests. Raises OSError; replaces nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        captures = _Captures(folder, stem, stack)
        for entry in entries:
            captures.take(entry)
        return Exported(tuple(captures.files), captures.left_out)


class _Captures:
    def __init__(self, folder: Path, stem: str, stack: ExitStack) -> None:
        self.files: list[Path] = []
        self.left_out = 0
        self._folder, self._stem, self._stack = folder, stem, stack
        self._lines: dict[int, tuple[IO[bytes], str]] = {}
        self._rest: IO[bytes] | None = None
        self._asked: dict[int, str] = {}

    def take(self, entry: Entry) -> None:
        match entry:
            case Opened():
                file = self._new(f"ws.{len(self._lines) + 1}")
                self._lines[entry.connection] = file, entry.url
                file.write(f"{entry.url} <-> {_seconds(entry.at)}\n".encode())
            case Sent() if entry.connection in self._lines:
                file, url = self._lines[entry.connection]
                file.write(f"{url} <- {_seconds(entry.at)}: {entry.text}\n".encode())
            case Heard() if entry.connection in self._lines and _is_object(entry.data):
                self._lines[entry.connection][0].write(f"{_seconds(entry.at)}: ".encode() + _one_line(entry.data))
            case Asked():
                query = f"?{urlencode(entry.params)}" if entry.params else ""
                self._asked[entry.request] = entry.url + query
            case Answered(status=200) if entry.request in self._asked:
                self._rest = self._rest or self._new("rest")
                head = f"{self._asked.pop(entry.request)} -> {_seconds(entry.at)}: "
                self._rest.write(head.encode() + _one_line(entry.body))
            case Heard() | Answered() | Unanswered() | NotOpened():
                self.left_out += 1

    def _new(self, end: str) -> IO[bytes]:
        path = self._folder / f"{self._stem}.{end}"
        self.files.append(path)
        return self._stack.enter_context(path.open("xb"))


def _seconds(micros: int) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _one_line(data: bytes) -> bytes:
    """A line break in JSON is a space: within text it would be written as an escape."""
    return data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(data), dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False

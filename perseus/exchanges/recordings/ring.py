"""A recording on disk: files that are packed as they grow, the oldest of which go when the space is used up.

Each file begins with a line that names the format, then one zlib stream that is flushed with every write: what was
written stays readable however the process ends, and to whoever reads while it is written.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perseus.exchanges.recordings.entries import VERSION, Began, Dropped, Ended, Entry, Opened, Sent, packed

MAGIC = b"perseus recording 1\n"
SUFFIX = ".rec"
FILES = 8
PIECE = 64 * 1024
"""Bytes, before they are packed, after which is looked whether the file is full."""
LEVEL = 3
SENT_MAX = 200


@dataclass(frozen=True, slots=True)
class Keep:
    """Where the traffic of an exchange is recorded, and in how many bytes at most."""

    folder: Path
    most: int

    @classmethod
    def within(cls, home: Path, exchange: str, megabytes: int) -> Keep | None:
        """In a home; None for no megabytes."""
        return cls(ring_folder(home, exchange), megabytes * 1024 * 1024) if megabytes else None


def ring_folder(home: Path, exchange: str) -> Path:
    """Of the ring of one exchange."""
    return home / "recordings" / exchange


class Story:
    """What has to be told again at the beginning of a file: the open connections, and what was asked on them."""

    def __init__(self) -> None:
        self._open: dict[int, list[Opened | Sent]] = {}

    def heard(self, entries: Iterable[Entry]) -> None:
        """These were written."""
        for entry in entries:
            if isinstance(entry, Opened):
                self._open[entry.connection] = [Opened(entry.at, entry.connection, entry.url, again=True)]
            elif isinstance(entry, Sent) and len(self._open.get(entry.connection, ())) in range(1, SENT_MAX):
                self._open[entry.connection].append(Sent(entry.at, entry.connection, entry.text, again=True))
            elif isinstance(entry, Ended):
                self._open.pop(entry.connection, None)

    def again(self) -> list[Entry]:
        """Of every connection that is open."""
        return [entry for told in self._open.values() for entry in told]


class PackedFile:
    """One file. `write` gives what it has grown by; errors are those of the operating system."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = zlib.compressobj(LEVEL)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.size = self._put(MAGIC)

    def pack(self, entries: Sequence[Entry]) -> bytes:
        """These as they have to be written next."""
        return self._zip.compress(b"".join(map(packed, entries))) + self._zip.flush(zlib.Z_SYNC_FLUSH)

    def write(self, data: bytes) -> None:
        """Append what `pack` gave."""
        self.size += self._put(data)

    def close(self) -> None:
        os.close(self._file)

    def _put(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        return len(data)


class Ring:
    """At most `most` bytes in `folder`, made when the first entry comes. `run`: when this process began, Unix us.

    Not thread-safe. A process never writes to the file of another.
    """

    def __init__(self, folder: Path, most: int, exchange: str, run: int) -> None:
        self._folder = folder
        self._most = most
        self._exchange = exchange
        self._run = run
        self._story = Story()
        self._file: PackedFile | None = None
        self._old: list[tuple[Path, int]] = []

    def write(self, entries: Sequence[Entry]) -> None:
        """Append these, in pieces. Raises OSError; the next write begins a new file, which tells what is open."""
        pieces = _pieces(entries)
        try:
            for piece in pieces:
                try:
                    self._write(piece)
                finally:
                    self._story.heard(piece)
        except OSError:
            for piece in pieces:
                self._story.heard(piece)
            self.close()
            raise

    def close(self) -> None:
        """End the file that is being written."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, piece: list[Entry]) -> None:
        file = self._file
        if file is None or file.size >= self._most // FILES:
            file = self._next(piece[0].at)
        data = file.pack(piece)
        if self._has_room(len(data)):
            file.write(data)
        else:
            # What is packed next builds on what was packed now, which is nowhere: a new file it has to be.
            self._next(piece[-1].at, [Dropped(piece[-1].at, len(piece))])

    def _next(self, at: int, more: Sequence[Entry] = ()) -> PackedFile:
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._old = [(path, path.stat().st_size) for path in files(self._folder)]
        number = int(self._old[-1][0].stem) + 1 if self._old else 1
        self._file = file = PackedFile(self._folder / f"{number:010d}{SUFFIX}")
        data = file.pack([Began(at, VERSION, self._exchange, self._run), *self._story.again(), *more])
        if self._has_room(len(data)):
            file.write(data)
        return file

    def _has_room(self, more: int) -> bool:
        """Make room for so many bytes, at the cost of the oldest files."""
        own = self._file.size if self._file else 0
        while self._old and own + more + sum(size for _, size in self._old) > self._most:
            self._old.pop(0)[0].unlink(missing_ok=True)
        return own + more + sum(size for _, size in self._old) <= self._most


def files(folder: Path) -> list[Path]:
    """Those of a ring, the oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())


def save(path: Path, entries: Iterable[Entry], exchange: str) -> None:
    """Write all of a recording into one file, which must not be there yet. Raises OSError."""
    file = PackedFile(path)
    try:
        batch: list[Entry] = [Began(0, VERSION, exchange, 0)]
        for entry in entries:
            batch.append(entry)
            if len(batch) >= 500:
                file.write(file.pack(batch))
                batch = []
        file.write(file.pack(batch))
    finally:
        file.close()


def _pieces(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    piece: list[Entry] = []
    size = 0
    for entry in entries:
        piece.append(entry)
        size += weight(entry)
        if size >= PIECE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def weight(entry: Entry) -> int:
    """About how many bytes it is, without packing it."""
    extra = getattr(entry, "data", b"") or getattr(entry, "body", b"") or getattr(entry, "text", "")
    return 100 + len(extra)

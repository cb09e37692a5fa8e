"""Reads recordings: the ring of an exchange, one file of it, a saved one, and captures as cryptofeed writes them."""

from __future__ import annotations

import heapq
import itertools
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec

from perseus.errors import EXIT_CONFIG, PerseusError
from perseus.exchanges.recordings.entries import VERSION, Answered, Asked, Began, Entry, Heard, Opened, Sent, unpacked
from perseus.exchanges.recordings.ring import MAGIC, files

CHUNK = 256 * 1024
OPENED = re.compile(rb"(wss?://\S+) <-> (\S+)\s*")
SENT = re.compile(rb"(wss?://\S+) <- (\S+): (.*)", re.DOTALL)
ANSWERED = re.compile(rb"(https?://\S+) -> (\S+): (.*)", re.DOTALL)
OWN = b"configuration: "
"""A line that cryptofeed writes about itself."""
HOSTS = {"binance.us": "binance_us", "binance.com": "binance", "binance.vision": "binance", "coinbase.com": "coinbase"}


class BadRecording(PerseusError):
    """Raised when a file is no recording, or one that this version cannot read."""

    exit_code = EXIT_CONFIG

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}. Give the folder of a ring, a file that `perseus recording` saved, or a capture."
        )
        self.path = path
        self.problem = problem


class Recording:
    """One or more of them as one, in the order of time. Each reading begins anew.

    Raises BadRecording.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = paths
        self.exchange = self._exchange()

    def entries(self) -> Iterator[Entry]:
        """Each once: nothing of what files repeat. A file that breaks off is read as far as it goes."""
        several = [_entries(path, number * 1_000_000) for number, path in enumerate(self._paths, start=1)]
        return _once(several[0] if len(several) == 1 else heapq.merge(*several, key=lambda entry: entry.at))

    def _exchange(self) -> str:
        """Which one it is of: as its beginning says, or by the host of the first address."""
        for entry in self.entries():
            if isinstance(entry, Began):
                return entry.exchange
            if isinstance(entry, Opened | Asked):
                name = _named(entry.url)
                if name is None:
                    raise BadRecording(self._paths[0], f"nobody knows which exchange {entry.url} is")
                return name
        raise BadRecording(self._paths[0], "there is nothing in it")


def _named(url: str) -> str | None:
    """The exchange of an address; of a simulator's, the first part of its path."""
    parts = urlsplit(url)
    host, first = parts.hostname or "", parts.path.split("/", 2)[1:2]
    known = [name for domain, name in HOSTS.items() if host == domain or host.endswith(f".{domain}")]
    known += [name for name in first if name in HOSTS.values()]
    return known[0] if known else None


def _once(entries: Iterable[Entry]) -> Iterator[Entry]:
    known: set[int] = set()
    taken: set[int] = set()
    for entry in entries:
        if isinstance(entry, Opened):
            if entry.connection in known:
                continue
            known.add(entry.connection)
            if entry.again:
                taken.add(entry.connection)
        elif isinstance(entry, Sent) and entry.again and entry.connection not in taken:
            continue
        elif not isinstance(entry, Sent) and taken:
            taken.clear()
        yield entry


def _entries(path: Path, first: int) -> Iterator[Entry]:
    if path.is_dir():
        found = files(path)
        if not found:
            raise BadRecording(path, "no file of a recording is in it")
        return itertools.chain.from_iterable(map(_packed, found))
    try:
        with path.open("rb") as file:
            is_packed = file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise BadRecording(path, f"it cannot be read: {error.strerror}") from None
    return _packed(path) if is_packed else _capture(path, first)


def _packed(path: Path) -> Iterator[Entry]:
    """Of one file; of one that has just gone from its ring, none."""
    data = bytearray()
    try:
        for piece in _unzipped(path):
            data += piece
            for entry in unpacked(data):
                if isinstance(entry, Began) and entry.version > VERSION:
                    raise BadRecording(path, "a newer Perseus wrote it, in another form")
                yield entry
    except (FileNotFoundError, msgspec.MsgspecError):
        return


def _unzipped(path: Path) -> Iterator[bytes]:
    """Up to where it breaks off, or is no zlib stream any more since the host went down before all was on the disk."""
    unzip = zlib.decompressobj()
    with path.open("rb") as file:
        file.seek(len(MAGIC))
        while chunk := file.read(CHUNK):
            before = unzip.copy()
            try:
                yield unzip.decompress(chunk)
            except zlib.error:
                with suppress(zlib.error):
                    for byte in chunk:
                        yield before.decompress(bytes([byte]))
                return


def _capture(path: Path, first: int) -> Iterator[Entry]:
    """Of one connection, or of requests, as cryptofeed writes them."""
    requests = itertools.count(first)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith(OWN):
                continue
            try:
                yield from _line(line.rstrip(b"\r\n"), first, requests)
            except (ValueError, UnicodeDecodeError):
                raise BadRecording(path, f"line {number} is none of a recording") from None


def _line(line: bytes, connection: int, requests: Iterator[int]) -> Iterator[Entry]:
    if found := OPENED.fullmatch(line):
        yield Opened(_micros(found[2]), connection, found[1].decode())
    elif found := SENT.fullmatch(line):
        yield Sent(_micros(found[2]), connection, found[3].decode())
    elif found := ANSWERED.fullmatch(line):
        at, request = _micros(found[2]), next(requests)
        parts = urlsplit(found[1].decode())
        asked = parts._replace(query="").geturl(), dict(parse_qsl(parts.query, keep_blank_values=True))
        yield Asked(at, request, *asked, {})
        yield Answered(at, request, 200, {"content-type": "application/json"}, found[3])
    else:
        at_text, colon, data = line.partition(b": ")
        if not colon:
            raise ValueError
        yield Heard(_micros(at_text), connection, data)


def _micros(seconds: bytes) -> int:
    at = float(seconds)
    if not 0 <= at < 1e11:
        raise ValueError
    return round(at * 1e6)

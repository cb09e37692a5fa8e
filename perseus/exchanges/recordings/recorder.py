"""Records what passes the wire, without keeping it waiting: a Transport around another, and a thread that writes.

The loop only puts entries into a queue that is bounded in bytes. What does not fit in it is counted in their place.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from perseus.clock import Clock, SystemClock
from perseus.exchanges.recordings import withheld
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
from perseus.exchanges.recordings.ring import Keep, Ring, weight
from perseus.exchanges.wire.transport import (
    NORMAL_CLOSE,
    Answer,
    Closed,
    Frame,
    Ping,
    Pong,
    Socket,
    Text,
    Transport,
    TransportError,
)
from perseus.outage import Outage

log = logging.getLogger(__name__)

QUEUE_BYTES = 16 * 1024 * 1024
EVERY_SECONDS = 0.2
CLOSE_SECONDS = 2.0
BATCH = 5_000


class Notes(Protocol):
    """Who takes entries. `numbers`: for connections and requests."""

    numbers: Iterator[int]

    def now_us(self) -> int:
        """Unix microseconds."""

    def note(self, entry: Entry) -> None:
        """Take one. It must not wait."""


class Kept:
    """Notes in memory: for a process that ends soon."""

    def __init__(self, clock: Clock) -> None:
        self.entries: list[Entry] = []
        self.numbers: Iterator[int] = itertools.count(1)
        self._clock = clock

    def now_us(self) -> int:
        return self._clock.wall_ms() * 1000

    def note(self, entry: Entry) -> None:
        self.entries.append(entry)


class Recorder:
    """Takes entries on one thread and writes them to `ring` on another, every 0.2 s. Close it at the end.

    A disk that is full or away costs what comes meanwhile; it is told once, and once when it is back.
    """

    def __init__(self, ring: Ring, clock: Clock | None = None, most: int = QUEUE_BYTES) -> None:
        self._ring = ring
        self._clock = clock or SystemClock()
        self._ahead_us = self._clock.wall_ms() * 1000 - round(self._clock.elapsed() * 1e6)
        self._most = most
        self._queue: deque[tuple[Entry, int]] = deque()
        self._put = self._taken = 0
        self._lost = self._failed = self._told = 0
        self.numbers: Iterator[int] = itertools.count(self.now_us())
        self._outage = Outage(log, "Exchange traffic cannot be recorded", "Exchange traffic is recorded again.")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="recorder", daemon=True)
        self._thread.start()

    def now_us(self) -> int:
        """Unix microseconds by this host as they were at the start, carried on by a clock that cannot jump."""
        return self._ahead_us + round(self._clock.elapsed() * 1e6)

    def note(self, entry: Entry) -> None:
        """Have it written; or counted as lost, where too much waits already."""
        size = weight(entry)
        if self._put - self._taken + size > self._most:
            self._lost += 1
        else:
            self._put += size
            self._queue.append((entry, size))

    def close(self) -> None:
        """Write what waits, for 2 s at most."""
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)

    def _write_on(self) -> None:
        while not self._closing.wait(EVERY_SECONDS):
            self._write_all()
        self._write_all()
        self._ring.close()

    def _write_all(self) -> None:
        while entries := self._next():
            try:
                self._ring.write(entries)
            except OSError as error:
                self._failed += sum(entry.count if isinstance(entry, Dropped) else 1 for entry in entries)
                self._outage.failed(error)
            else:
                self._outage.done()

    def _next(self) -> list[Entry]:
        entries: list[Entry] = []
        missing = self._lost + self._failed - self._told
        if missing and self._queue:
            entries.append(Dropped(self.now_us(), missing))
            self._told += missing
        while self._queue and len(entries) < BATCH:
            entry, size = self._queue.popleft()
            self._taken += size
            entries.append(entry)
        return entries


@contextmanager
def recorded(transport: Transport, keep: Keep | None, exchange: str) -> Iterator[Transport]:
    """The transport to work with: it records where there is a place to keep it."""
    if keep is None:
        yield transport
        return
    recorder = Recorder(Ring(keep.folder, keep.most, exchange, SystemClock().wall_ms() * 1000))
    try:
        yield RecordedTransport(transport, recorder)
    finally:
        recorder.close()


class RecordedTransport:
    """A `perseus.exchanges.wire.transport.Transport` that has another one do the work and notes all of it."""

    def __init__(self, transport: Transport, recorder: Notes) -> None:
        self._transport = transport
        self._recorder = recorder

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        note, now, request = self._recorder.note, self._recorder.now_us, next(self._recorder.numbers)
        note(Asked(now(), request, withheld.url(url), withheld.params(params), withheld.sent_headers(headers)))
        try:
            answer = await self._transport.get(url, params, headers, timeout)
        except TransportError as error:
            note(Unanswered(now(), request, error.kind, str(error)))
            raise
        except asyncio.CancelledError:
            note(Unanswered(now(), request, "given up", ""))
            raise
        note(Answered(now(), request, answer.status, withheld.heard_headers(answer.headers), answer.body))
        return answer

    async def connect(self, url: str, timeout: float) -> RecordedSocket:
        shown = withheld.url(url)
        try:
            socket = await self._transport.connect(url, timeout)
        except TransportError as error:
            self._recorder.note(NotOpened(self._recorder.now_us(), shown, error.kind, str(error), error.status))
            raise
        connection = next(self._recorder.numbers)
        self._recorder.note(Opened(self._recorder.now_us(), connection, shown))
        return RecordedSocket(socket, connection, self._recorder)


class RecordedSocket:
    """A `perseus.exchanges.wire.transport.Socket` of a `RecordedTransport`."""

    def __init__(self, socket: Socket, connection: int, recorder: Notes) -> None:
        self._socket = socket
        self._connection = connection
        self._note = recorder.note
        self._now = recorder.now_us
        self._is_over = False

    async def send(self, text: str) -> None:
        await self._socket.send(text)
        self._note(Sent(self._now(), self._connection, withheld.message(text)))

    async def receive(self) -> Frame:
        frame = await self._socket.receive()
        if isinstance(frame, Text):
            self._note(Heard(self._now(), self._connection, frame.data))
        elif isinstance(frame, Ping):
            self._note(Control(self._now(), self._connection, "ping", frame.payload))
        elif isinstance(frame, Pong):
            self._note(Control(self._now(), self._connection, "pong", frame.payload))
        else:
            self._ended(frame, is_ours=False)
        return frame

    async def pong(self, payload: bytes) -> None:
        await self._socket.pong(payload)
        self._note(Control(self._now(), self._connection, "our pong", payload))

    async def close(self, code: int = NORMAL_CLOSE) -> None:
        self._ended(Closed(code, ""), is_ours=True)
        await self._socket.close(code)

    def _ended(self, frame: Closed, is_ours: bool) -> None:
        if not self._is_over:
            self._is_over = True
            self._note(Ended(self._now(), self._connection, frame.code, frame.reason, is_ours))

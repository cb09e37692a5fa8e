"""A connection of a browser that gunicorn serves: nothing on it takes long, and nobody waits for half a request."""

from __future__ import annotations

import select
import socket
import struct
import time
from enum import Enum, auto
from typing import Any

from perseus.commands import arrival

REQUEST_SECONDS = 10.0
WAIT_SECONDS = 10.0
SOON_MS = 2
PEEK_BYTES = arrival.HEAD_BYTES + arrival.BODY_BYTES
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Arrival(Enum):
    """Of the next request on a connection. NEVER: the client has left before all of it was said."""

    PART = auto()
    WHOLE = auto()
    NEVER = auto()


class Connection(socket.socket):
    """A connection on which nothing takes longer than WAIT_SECONDS, and that asks for more until REQUEST_SECONDS only.

    After that it is as if the client had gone. The system keeps the time: with Python's own each call would be two.
    """

    _until = 0.0
    _held: bytes | None = None
    _seen = 0
    _was_told = False

    @classmethod
    def of(cls, connection: socket.socket) -> Connection:
        """The same connection; `connection` is not to be used any more."""
        made = cls(fileno=connection.detach())
        wait = struct.pack("ll", int(WAIT_SECONDS), int(WAIT_SECONDS % 1 * 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            made.setsockopt(socket.SOL_SOCKET, option, wait)
        return made

    def setblocking(self, flag: bool, /) -> None:
        """The worker says so when a request begins to come."""
        self._until = time.monotonic() + REQUEST_SECONDS
        super().setblocking(flag)

    def recv(self, *args: Any) -> bytes:
        """`b""` also when the time is over."""
        if not self.getblocking():
            return super().recv(*args)
        try:
            return super().recv(*args) if time.monotonic() < self._until else b""
        except BlockingIOError:
            return b""

    def has_more_soon(self) -> bool:
        """Does the client ask again, or leave, before SOON_MS are over?"""
        waiting = select.poll()
        waiting.register(self, select.POLLIN)
        return bool(waiting.poll(SOON_MS))

    @property
    def has_begun(self) -> bool:
        """Has part of a request come?"""
        return self._seen > 0

    def look(self, before: bytes = b"") -> Arrival:
        """How much of a request is here, of which `before` was read already.

        Until it is whole, the system tells of this connection only once there is more than now.
        """
        came = self._peek()
        data = before + (came or b"")
        needed = arrival.length(data)
        if (needed is not None and needed <= len(data)) or len(data) >= PEEK_BYTES:
            self._tell_beyond(0)
            self._was_told = False
            return Arrival.WHOLE
        if came is None:
            return Arrival.PART
        if len(came) == self._seen:
            return Arrival.NEVER if not came or self._has_left() else Arrival.PART
        self._tell_beyond(len(came))
        if needed is not None and not self._was_told and arrival.asks_first(before + came):
            self._was_told = True
            self.send(GO_ON)
        return Arrival.PART

    def _peek(self) -> bytes | None:
        """What has come; None for nothing, and nothing more to come where it is empty."""
        try:
            return super().recv(PEEK_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _has_left(self) -> bool:
        left = select.poll()
        left.register(self, select.POLLRDHUP)
        return bool(left.poll(0))

    def _tell_beyond(self, seen: int) -> None:
        if seen != self._seen:
            self._seen = seen
            self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)

    def hold(self) -> None:
        """Let what is sent next go out with what follows it: gunicorn sends the head of an answer, then its body."""
        self._held = b""

    def flush(self) -> None:
        """Send what is held."""
        held, self._held = self._held, None
        if held:
            self.sendall(held)

    def sendall(self, data: Any, *args: Any) -> None:
        """Raises ConnectionResetError when the time is over."""
        if self._held == b"":
            self._held = data
            return
        if self._held:
            data, self._held = self._held + data, None
        try:
            super().sendall(data, *args)
        except BlockingIOError:
            raise ConnectionResetError("the client does not take the answer") from None

    def sendfile(self, *args: Any, **named: Any) -> int:
        """As usual, after what is held."""
        self.flush()
        return super().sendfile(*args, **named)

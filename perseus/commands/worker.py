"""gunicorn's worker with threads, which no client holds for long: a thread that waits for one serves nobody else."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

REQUEST_SECONDS = 10.0
WAIT_SECONDS = 10.0


class Bounded(socket.socket):
    """A connection on which nothing takes longer than WAIT_SECONDS, and that asks for more until REQUEST_SECONDS only.

    After that it is as if the client had gone. The system keeps the time: with Python's own each call would be two.
    """

    _until = 0.0

    @classmethod
    def of(cls, connection: socket.socket) -> Bounded:
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

    def sendall(self, *args: Any) -> None:
        """Raises ConnectionResetError when the time is over."""
        try:
            super().sendall(*args)
        except BlockingIOError:
            raise ConnectionResetError("the client does not take the answer") from None


class Worker(ThreadWorker):  # type: ignore[misc]
    """Bounds each connection."""

    def handle(self, conn: Any) -> Any:
        """Serve one request of it."""
        if not isinstance(conn.sock, Bounded):
            conn.sock = Bounded.of(conn.sock)
        return super().handle(conn)

"""gunicorn's worker with threads, which no client holds for long: a thread that waits for one serves nobody else."""

from __future__ import annotations

import socket
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

REQUEST_SECONDS = 10.0
ANSWER_SECONDS = 30.0


class Bounded(socket.socket):
    """A connection whose request must be there within REQUEST_SECONDS, and whose answer taken within ANSWER_SECONDS.

    After that it is as if the client had gone.
    """

    _until = 0.0

    def setblocking(self, flag: bool, /) -> None:
        """The worker says so when a request begins to come."""
        self._until = time.monotonic() + REQUEST_SECONDS
        super().setblocking(flag)

    def recv(self, *args: Any) -> bytes:
        """`b""` also when the time is over."""
        left = self._until - time.monotonic()
        if self.gettimeout() != 0.0:
            if left <= 0:
                return b""
            self.settimeout(left)
        try:
            return super().recv(*args)
        except TimeoutError:
            return b""

    def sendall(self, *args: Any) -> None:
        """Raises ConnectionResetError when the time is over."""
        self.settimeout(ANSWER_SECONDS)
        try:
            super().sendall(*args)
        except TimeoutError:
            raise ConnectionResetError("the client does not take the answer") from None


class Worker(ThreadWorker):  # type: ignore[misc]
    """Bounds each connection."""

    def handle(self, conn: Any) -> Any:
        """Serve one request of it."""
        if not isinstance(conn.sock, Bounded):
            conn.sock = Bounded(fileno=conn.sock.detach())
        return super().handle(conn)

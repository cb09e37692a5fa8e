"""gunicorn's worker with threads, which no client holds for long: a thread that waits for one serves nobody else."""

from __future__ import annotations

import select
import socket
import struct
import time
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

REQUEST_SECONDS = 10.0
WAIT_SECONDS = 10.0
SOON_MS = 2
#: What is said of a request that never reaches the pages.
REFUSED = {
    400: "The request cannot be read. Load the page again.",
    414: "The address is too long. Shorten it, or begin at /network.",
    431: "The request has too many headers, or long ones. Delete the cookies of this site, and load the page again.",
    500: "This is our mistake, not yours. It is in the server's log with the time of your request.",
}
NOT_TAKEN = "The server does not take such a request."
REFUSAL = """\
HTTP/1.1 {0.value} {0.phrase}\r
Server: perseus\r
Connection: close\r
Content-Type: text/plain; charset=utf-8\r
Content-Length: {1}\r
Cache-Control: no-store\r
X-Content-Type-Options: nosniff\r
\r
"""


class Bounded(socket.socket):
    """A connection on which nothing takes longer than WAIT_SECONDS, and that asks for more until REQUEST_SECONDS only.

    After that it is as if the client had gone. The system keeps the time: with Python's own each call would be two.
    """

    _until = 0.0
    _held: bytes | None = None

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

    def has_more_soon(self) -> bool:
        """Does the client ask again, or leave, before SOON_MS are over?"""
        waiting = select.poll()
        waiting.register(self, select.POLLIN)
        return bool(waiting.poll(SOON_MS))

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


def refuse(sock: socket.socket, status: int, *_: str) -> None:
    """Takes the place of `gunicorn.util.write_error`, whose page quotes the request and the parser."""
    said = HTTPStatus(status)
    body = f"{status} {said.phrase}. {REFUSED.get(status, NOT_TAKEN)}\n".encode()
    sock.sendall(REFUSAL.format(said, len(body)).encode() + body)


class Worker(ThreadWorker):  # type: ignore[misc]
    """Bounds each connection. A thread that has answered serves what comes next on it while nobody waits for a thread.

    Who comes back at once, as a browser does for what a page is made of, spares both the way over the thread that
    watches all connections.
    """

    _waiting: set[Any]

    def init_process(self) -> None:
        """Begin to serve. What gunicorn is set to is looked up by each request a score of times: let that cost less."""
        self._waiting = set()
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """A request has come, and is served as soon as a thread is free."""
        self._waiting.add(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve what comes on it now."""
        self._waiting.discard(conn)
        if not isinstance(conn.sock, Bounded):
            conn.sock = Bounded.of(conn.sock)
        while True:
            may_go_on = super().handle(conn)
            if may_go_on is not True or self._waiting or not self.alive or not conn.sock.has_more_soon():
                return may_go_on

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request, head and body in one go where they are there together."""
        conn.sock.hold()
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock.flush()

"""gunicorn's worker with threads, none of which waits for a client: the thread that watches all connections does."""

from __future__ import annotations

import selectors
import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from perseus.commands.connection import REQUEST_SECONDS, Arrival, Connection
from perseus.commands.refusal import refuse

LEAVE_SECONDS = 2.0
DRAIN_SECONDS = 0.02
STOP_SECONDS = 0.5
DRAIN_BYTES = 64 * 1024
READ_BYTES = 16 * 1024


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gives a request to a thread once it is here whole, and lets clients leave without waiting for them.

    A thread that has answered serves what comes next on its connection while nobody waits for a thread: who comes back
    at once, as a browser does for what a page is made of, spares both the way over the thread that watches.
    """

    def init_process(self) -> None:
        """Begin to serve. What gunicorn is set to is looked up by each request a score of times: let that cost less."""
        self._waiting = set[Any]()
        self._coming = dict[Any, None]()
        self._leaving = dict[Any, int]()
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        super().init_process()

    # On the thread that watches all connections: nothing here may wait.

    def accept(self, listener: socket.socket) -> None:
        """Somebody connects."""
        with suppress(BlockingIOError, ConnectionAbortedError):
            accepted, address = listener.accept()
            self.nr_conns += 1
            conn = TConn(self.cfg, Connection.of(accepted), address, listener.getsockname())
            conn.data_ready = True
            self._await(conn)

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Who was answered before sends again, or leaves."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await(conn)

    def enqueue_req(self, conn: Any) -> None:
        """A request is here, and is served as soon as a thread is free."""
        self._waiting.add(conn)
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """A request was served."""
        may_go_on = not fs.cancelled() and fs.exception() is None and fs.result()
        if may_go_on and (_read_ahead(conn) or conn.sock.has_begun):
            self._await(conn)
        elif may_go_on:
            super().finish_request(conn, fs)
        else:
            self._leave(conn)

    def murder_pending(self) -> None:
        """End the connections whose time is over; the worker calls this after each event, and once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn in self._coming if conn.timeout <= now]:
            self._forget(conn)
            if conn.sock.has_begun:
                with suppress(OSError):
                    refuse(conn.sock, 408)
            self._leave(conn)
        for conn in [conn for conn in self._leaving if conn.timeout <= now]:
            self._close(conn)

    def _await(self, conn: Any) -> None:
        arrival = conn.sock.look(_read_ahead(conn))
        if arrival is not Arrival.PART:
            self._go_on(conn, arrival)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + REQUEST_SECONDS
        self._coming[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._look_again, conn))

    def _look_again(self, conn: Any, _: socket.socket) -> None:
        arrival = conn.sock.look(_read_ahead(conn))
        if arrival is not Arrival.PART:
            self._forget(conn)
            self._go_on(conn, arrival)

    def _go_on(self, conn: Any, arrival: Arrival) -> None:
        if arrival is Arrival.WHOLE:
            self.enqueue_req(conn)
        else:
            self._leave(conn)

    def _leave(self, conn: Any) -> None:
        """Say that no more comes, and take in what is still sent: to close at once would cost the client the answer."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = time.monotonic() + (LEAVE_SECONDS if self.alive else STOP_SECONDS)
        self._leaving[conn] = 0
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: Any, client: socket.socket) -> None:
        try:
            came = client.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            came = b""
        self._leaving[conn] += len(came)
        if not came or self._leaving[conn] > DRAIN_BYTES:
            self._close(conn)

    def _close(self, conn: Any) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self._coming.pop(conn, None)
        self._leaving.pop(conn, None)

    # On the threads that serve.

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """May another request come on it? Not where a body was refused: nobody waits until it has come."""
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS))

    def handle(self, conn: Any) -> Any:
        """Serve what has come on it."""
        self._waiting.discard(conn)
        while True:
            may_go_on = super().handle(conn)
            if may_go_on is not True or self._waiting or not self.alive or not conn.sock.has_more_soon():
                return may_go_on
            if conn.sock.look(_read_ahead(conn)) is not Arrival.WHOLE:
                return may_go_on

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request, head and body in one go where they are there together."""
        conn.sock.hold()
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock.flush()


def _read_ahead(conn: Any) -> bytes:
    """What was read with an earlier request and belongs to the next."""
    return b"" if conn.parser is None else bytes(conn.parser.unreader.buf.getvalue())

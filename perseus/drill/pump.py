"""A way through loopback that carries bytes both ways, and that can be cut: what is sent meanwhile waits in it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Any, Self

CHUNK = 1 << 20
TICK = 0.05
PATIENCE = 5.0


class Pump:
    """Listens on `port` of loopback and leads each connection to its `target`. Use as a context manager.

    Once `cut` has returned nothing passes, in no direction and on no connection, and nobody is told, not even that one
    has ended. After `heal` what was sent meanwhile arrives, also from those who have given up. `drop`: every connection
    ends.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.settimeout(TICK)
        self.port = int(self._listener.getsockname()[1])
        self._whole = threading.Event()
        self._whole.set()
        self.ending = threading.Event()
        self._changed = threading.Condition()
        self._passing = 0
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def target(self, near: socket.socket) -> tuple[str, int]:
        """Where what has just connected leads. Raises OSError and ValueError for nowhere."""
        raise NotImplementedError

    def pass_on(self, data: bytes, source: socket.socket, sink: socket.socket, *, is_request: bool) -> None:
        """Carry one piece. `is_request`: it comes from who has connected."""
        sink.sendall(data)

    def cut(self) -> None:
        """Let nothing pass."""
        with self._changed:
            self._whole.clear()
            self._changed.wait_for(lambda: not self._passing, PATIENCE)

    def heal(self) -> None:
        """Let everything pass again."""
        self._whole.set()

    def drop(self) -> None:
        """End every connection, both ways."""
        with self._changed:
            broken, self._sockets = self._sockets, set()
        for sock in broken:
            _end(sock)

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._whole.set()
        self.drop()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()

    def _run(self, target: Any, *args: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=args, name="pump", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while not self.ending.is_set():
            with contextlib.suppress(TimeoutError):
                self._run(self._serve, self._listener.accept()[0])

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError, ValueError):
            near.settimeout(PATIENCE)
            place = self.target(near)
            while not self._whole.wait(TICK) and not self.ending.is_set():
                pass
            with socket.create_connection(place, PATIENCE) as far:
                near.settimeout(None)
                far.settimeout(None)
                with self._changed:
                    self._sockets |= {near, far}
                back = self._run(self._carry, far, near, False)
                self._carry(near, far, True)
                back.join(PATIENCE)
                with self._changed:
                    self._sockets -= {near, far}

    def _carry(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        with contextlib.suppress(OSError, ValueError):
            while not self.ending.is_set():
                if not self._whole.wait(TICK) or not select.select([source], [], [], TICK)[0]:
                    continue
                if not self._step(source, sink, is_request):
                    break
        for sock in (source, sink):
            _end(sock)

    def _step(self, source: socket.socket, sink: socket.socket, is_request: bool) -> bool:
        """One piece. False at the end of the connection."""
        with self._changed:
            if not self._whole.is_set():
                return True
            self._passing += 1
        try:
            data = source.recv(CHUNK)
            if data:
                self.pass_on(data, source, sink, is_request=is_request)
            return bool(data)
        finally:
            with self._changed:
                self._passing -= 1
                self._changed.notify_all()


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)

"""A cable on loopback that a test can pull, plug in again, make slow, or lead to another server.

`tests.faults.proxy` harms single requests; this one harms the way itself and looks at no byte.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

CHUNK = 1 << 16


class Link:
    """Forwards what connects to `port` to a server on loopback. Use as a context manager.

    `cut`: no byte passes and nobody is told, as with a pulled cable; `heal` delivers what was held, late.
    `drop`: every connection is reset. `lead_to`: the same for good, later ones go to another server.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._delay = 0.0
        self._open = threading.Event()
        self._open.set()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def cut(self) -> None:
        self._open.clear()

    def heal(self) -> None:
        self._open.set()

    def delay(self, seconds: float) -> None:
        """Each piece of either direction arrives so much later."""
        self._delay = seconds

    def drop(self) -> None:
        with self._lock:
            broken, self._sockets = self._sockets, set()
        for sock in broken:
            _reset(sock)

    def lead_to(self, target: int) -> None:
        self._target = target
        self.drop()

    def __enter__(self) -> Link:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._open.set()
        _reset(self._listener)
        self.drop()
        for thread in self._threads:
            thread.join(5)

    def _run(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="link", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError):
                client = self._listener.accept()[0]
                self._keep(client)
                self._run(self._serve, client)

    def _keep(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.add(sock)
        if self._ended.is_set():
            _reset(sock)

    def _serve(self, client: socket.socket) -> None:
        self._open.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self._target), 5)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        self._keep(server)
        self._run(self._pump, server, client)
        self._pump(client, server)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if self._delay:
                    time.sleep(self._delay)
                self._open.wait()
                sink.sendall(data)
        # The end of a connection does not pass a pulled cable either.
        self._open.wait()
        for sock in (source, sink):
            _reset(sock)
            with self._lock:
                self._sockets.discard(sock)


def _reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()

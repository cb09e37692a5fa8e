"""A cable between one contender and the store that can be cut: what is sent meanwhile waits in it, as in a network."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Self

CHUNK = 1 << 16
TICK = 0.05


class Cable:
    """Listens on `port` of loopback. Each connection says first where it leads: `host port` and a line feed.

    Once `cut` has returned nothing passes, in no direction and on no connection, and nobody is told. After `heal` what
    was sent meanwhile arrives, also from those who have given up: late requests are part of the matter.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(TICK)
        self.port = int(self._listener.getsockname()[1])
        self._passing = threading.Lock()
        self._whole = threading.Event()
        self._whole.set()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def cut(self) -> None:
        """Let nothing pass."""
        with self._passing:
            self._whole.clear()

    def heal(self) -> None:
        """Let everything pass again."""
        self._whole.set()

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._whole.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _run(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="cable", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                self._run(self._serve, self._listener.accept()[0])

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError, ValueError):
            near.settimeout(5)
            host, port = _line(near).split()
            self._wait()
            with socket.create_connection((host, int(port)), 5) as far:
                near.settimeout(None)
                far.settimeout(None)
                self._carry(near, far)

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        while not self._ending.is_set():
            self._wait()
            for ready in select.select([near, far], [], [], TICK)[0]:
                with self._passing:
                    if not self._whole.is_set():
                        break
                    data = ready.recv(CHUNK)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)

    def _wait(self) -> None:
        while not self._whole.wait(TICK) and not self._ending.is_set():
            pass


def _line(sock: socket.socket) -> str:
    text = b""
    while not text.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte or len(text) > 300:
            raise ValueError("no address came")
        text += byte
    return text.decode()

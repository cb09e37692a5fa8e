"""A way to the store that loses answers and delivers requests late, on command."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.resources
import select
import socket
import threading
from dataclasses import dataclass, field


def script_mark(name: str) -> bytes:
    """What marks a request as a call of that lease or log script: its SHA, as EVALSHA sends it."""
    source = importlib.resources.files("perseus.network").joinpath("lua", f"{name}.lua").read_bytes()
    return hashlib.sha1(source).hexdigest().encode()


@dataclass
class Fault:
    """One thing that goes wrong, once, with the next request that contains `mark`."""

    mark: bytes
    is_late: bool
    struck: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)

    def deliver(self) -> None:
        """Let the server have a late request now; returns when it has answered."""
        self.go.set()
        assert self.arrived.wait(5)


class Proxy:
    """Forwards loopback connections to `port`. A request is what arrives at once: clients here never pipeline.

    `lose_reply`: the server carries the request out, the client hears nothing. `hold`: the client hears nothing
    either, and the server gets the request when the test says `deliver`, long after the client has hung up.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def lose_reply(self, script: str) -> Fault:
        return self._plan(Fault(script_mark(script), is_late=False))

    def hold(self, script: str) -> Fault:
        return self._plan(Fault(script_mark(script), is_late=True))

    def _plan(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def __enter__(self) -> Proxy:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _run(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="proxy", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                self._run(self._serve, self._listener.accept()[0])

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server, contextlib.suppress(ConnectionError):
            while not self._ending.is_set():
                for ready in select.select([client, server], [], [], 0.1)[0]:
                    data = ready.recv(1 << 20)
                    if not data:
                        return
                    fault = self._struck_by(data) if ready is client else None
                    if fault is not None:
                        self._go_wrong(fault, data, server)
                    else:
                        (server if ready is client else client).sendall(data)

    def _struck_by(self, request: bytes) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.mark in request:
                    self._faults.remove(fault)
                    return fault
        return None

    def _go_wrong(self, fault: Fault, request: bytes, server: socket.socket) -> None:
        fault.struck.set()
        while fault.is_late and not fault.go.wait(0.1):
            if self._ending.is_set():
                return
        server.sendall(request)
        server.recv(1 << 20)
        fault.arrived.set()

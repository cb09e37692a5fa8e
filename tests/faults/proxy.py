"""A way to the store that loses answers and delivers requests late, on command."""

from __future__ import annotations

import hashlib
import importlib.resources
import socket
import threading
from dataclasses import dataclass, field

from perseus.drill.pump import Pump


def script_text(name: str) -> str:
    """The source of a lease or log script."""
    package = "perseus.network.log" if name == "append" else "perseus.network.leasing"
    return importlib.resources.files(package).joinpath("lua", f"{name}.lua").read_text("utf-8")


def script_mark(name: str) -> bytes:
    """What marks a request as a call of that lease or log script: its SHA, as EVALSHA sends it."""
    return hashlib.sha1(script_text(name).encode()).hexdigest().encode()


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


class Proxy(Pump):
    """Forwards loopback connections to `port`. A request is what arrives at once: clients here never pipeline.

    `lose_reply`: the server carries the request out, the client hears nothing. `hold`: the client hears nothing
    either, and the server gets the request when the test says `deliver`, long after the client has hung up.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self._target = ("127.0.0.1", port)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._unheard: dict[socket.socket, Fault] = {}
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def lose_reply(self, script: str) -> Fault:
        return self._plan(Fault(script_mark(script), is_late=False))

    def hold(self, script: str) -> Fault:
        return self._plan(Fault(script_mark(script), is_late=True))

    def target(self, near: socket.socket) -> tuple[str, int]:
        return self._target

    def pass_on(self, data: bytes, source: socket.socket, sink: socket.socket, *, is_request: bool) -> None:
        fault = self._struck_by(data) if is_request else None
        if fault is not None:
            self._go_wrong(fault, data, sink)
        elif is_request or not self._is_unheard(source):
            sink.sendall(data)

    def _plan(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

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
            if self.ending.is_set():
                return
        with self._lock:
            self._unheard[server] = fault
        server.sendall(request)
        # The client may have hung up, and its end must not come before the answer.
        fault.arrived.wait(5)

    def _is_unheard(self, server: socket.socket) -> bool:
        """Is this the answer that the client is not to hear?"""
        with self._lock:
            fault = self._unheard.pop(server, None)
        if fault is not None:
            fault.arrived.set()
        return fault is not None

"""A service on the other end: a real HTTP server on this machine that answers as a test says, and keeps what it got."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived. `path`: with its query. `headers`: names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ValueError when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. `is_cut`: the connection ends in the middle of the body. `is_reset`: it is torn there.

    Seconds: `delay` before the first byte, `drip` between two bytes of the body, `head_drip` of the headers.
    """

    status: int = 200
    body: bytes = b'{"id": "1001", "ok": true}'
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False
    delay: float = 0.0
    drip: float = 0.0
    head_drip: float = 0.0
    is_reset: bool = False


class FakeService:
    """Use it in a `with`. `url` is where it listens; it answers 200 until told otherwise by `answer`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._reply = Reply()
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="service", daemon=True)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def posts(self) -> list[Request]:
        """The requests that post a message."""
        return [request for request in self.requests if request.method == "POST"]

    def answer(
        self,
        status: int = 200,
        body: bytes | str | Mapping[str, Any] = Reply().body,
        headers: Mapping[str, str] | None = None,
        *,
        is_cut: bool = False,
    ) -> None:
        """Answer so from now on; a mapping is sent as JSON."""
        raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self._reply = Reply(status, raw, headers or {}, is_cut)

    def take(self, request: Request) -> Reply:
        """Note a request and give its answer. Called by the server's threads."""
        self.requests.append(request)
        return self._reply

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def silent() -> Iterator[str]:
    """`http://` address of a service that takes connections and never says a word."""
    with socket.create_server((HOST, 0), backlog=50) as listener:
        yield f"http://{HOST}:{listener.getsockname()[1]}"


def unreachable() -> str:
    """`http://` address where nobody listens."""
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://{HOST}:{port}"


def _head(reply: Reply, content: bytes) -> bytes:
    facts = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
    facts["Date"] = formatdate(usegmt=True)
    lines = [f"HTTP/1.1 {reply.status} as told", *(f"{name}: {value}" for name, value in facts.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            """As its base does, but for any method."""
            try:
                self.raw_requestline = self.rfile.readline(65_537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                self._answer()
            except OSError:  # the other side went away, as it may
                self.close_connection = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = service.take(Request(self.command, self.path, headers, body))
            time.sleep(reply.delay)
            content = reply.body if reply.status != 204 else b""
            self._write(_head(reply, content), reply.head_drip)
            is_half = reply.is_cut or reply.is_reset
            self._write(content[: len(content) // 2] if is_half else content, reply.drip)
            self.close_connection = self.close_connection or is_half
            if reply.is_reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _write(self, content: bytes, drip: float) -> None:
            for part in [bytes([byte]) for byte in content] if drip else [content]:
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(drip)

        def log_message(self, *_: Any) -> None:
            """A test's output is not the place for an access log."""

    return Handler

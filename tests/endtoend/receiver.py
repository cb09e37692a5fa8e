"""A web server that keeps what it is sent; it answers as a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request."""

    at: float
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Receiver:
    """`status` and `echo` say how it answers; `echo` gives the request's own words back, headers and all."""

    status: int = 200
    echo: bool = False
    requests: list[Received] = field(default_factory=list)
    url: str = ""

    def bodies(self) -> list[str]:
        """Each body as text."""
        return [json.dumps(request.body) for request in list(self.requests)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free loopback port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(raw) if raw else None
            receiver.requests.append(Received(time.monotonic(), self.path, dict(self.headers), body))
            said = f"{self.path} {dict(self.headers)} {raw!r}".encode() if receiver.echo else b"{}"
            self.send_response(receiver.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_PATCH = do_POST

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

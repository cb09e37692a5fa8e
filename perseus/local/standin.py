"""The stand-in store: fakeredis behind a TCP port, for machines without any Redis. Keeps nothing beyond its process.

Run as `python -m perseus.local.standin PORT`; listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import os
import signal
import sys
from socketserver import BaseRequestHandler
from typing import Any

import redis
from fakeredis import TcpFakeServer

VERSION = (7, 2)


class StandIn(TcpFakeServer):
    """A fakeredis that goes on after an error. By itself it hangs up, and no missing script is ever loaded."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), server_version=VERSION)
        self.RequestHandlerClass = _answering(self.RequestHandlerClass)
        # Its threads wait on their clients; joining them would make the end depend on every client.
        self.daemon_threads = True
        self.block_on_close = False


def serve(port: int) -> None:
    """Serve until SIGTERM. Raises OSError when the port is taken."""
    # At once: there is nothing to save.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    StandIn(port).serve_forever()


def _answering(handler: Any) -> type[BaseRequestHandler]:
    """The same handler, to which an error is an answer like any other."""

    def setup(self: Any) -> None:
        handler.setup(self)
        read = self.current_client.read_response

        def read_or_fail() -> Any:
            try:
                return read()
            except redis.exceptions.ResponseError as error:
                return error

        self.current_client.read_response = read_or_fail

    return type("Answering", (handler,), {"setup": setup})


if __name__ == "__main__":
    serve(int(sys.argv[1]))

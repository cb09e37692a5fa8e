"""The stand-in store: fakeredis behind a TCP port, for machines without any Redis. Keeps nothing beyond its process.

Run as `python -m perseus.standin PORT`; listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

from fakeredis import TcpFakeServer

VERSION = (7, 2)


def serve(port: int) -> None:
    """Serve until SIGTERM. Raises OSError when the port is taken."""
    server = TcpFakeServer(("127.0.0.1", port), server_version=VERSION)
    # Its threads wait on their clients; joining them would make the end depend on every client.
    server.daemon_threads = True
    server.block_on_close = False
    signal.signal(signal.SIGTERM, _leave)
    server.serve_forever()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]))

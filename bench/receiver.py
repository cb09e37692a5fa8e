"""A web server that takes every POST and notes when each came: the fast destination of a run, in a process of its own.

`python -m bench.receiver FILE` prints its port. Each request is a line of FILE: nanoseconds of CLOCK_MONOTONIC, a tab,
the marks (32 hexadecimal digits) that its body holds.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import TextIO

MARK = re.compile(rb"\b[0-9a-f]{32}\b")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def main(path: Path) -> None:
    """Serve until the process is ended."""
    with path.open("w", buffering=1) as file:
        server = await asyncio.start_server(lambda reader, writer: _serve(reader, writer, file), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, file: TextIO) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            at = time.monotonic_ns()
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            writer.write(ANSWER)
            await writer.drain()
            marks = sorted(set(MARK.findall(body)))
            file.write(f"{at}\t{b' '.join(marks).decode('ascii')}\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

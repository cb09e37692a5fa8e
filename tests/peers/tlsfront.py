"""TLS before a server of the tests that has none: some peers connect in no other way."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import Authority
from tests.redis_process import free_port

HOST = "127.0.0.1"
PIECE = 65_536


@contextmanager
def before(port: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """Its port, and the file of the authority that vouches for it."""
    authority, ahead = Authority(), free_port()
    files = [folder / name for name in ("server.pem", "key.pem", "authority.pem")]
    for file, content in zip(files, (*authority.certificate([HOST]), authority.pem), strict=True):
        file.write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files[0], files[1])
    loop, is_open = asyncio.new_event_loop(), threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(ahead, port, context, is_open)))
    thread.start()
    try:
        assert is_open.wait(10), "the TLS front did not begin to listen"
        yield ahead, files[2]
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join()
        loop.close()


async def _serve(ahead: int, port: int, context: ssl.SSLContext, is_open: threading.Event) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, port)
        try:
            await asyncio.wait(
                [asyncio.ensure_future(_pass(reader, back)), asyncio.ensure_future(_pass(there, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            writer.close()
            back.close()

    server = await asyncio.start_server(take, HOST, ahead, ssl=context)
    is_open.set()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        server.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    except (OSError, ssl.SSLError):
        return

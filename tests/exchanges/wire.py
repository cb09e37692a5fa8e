"""Servers for one test: aiohttp's own, and one that says whatever bytes it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """An aiohttp server on a free port that has `handler` at every path; gives `127.0.0.1:<port>`."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield "{}:{}".format(*runner.addresses[0])
    finally:
        await runner.cleanup()


class Raw:
    """Answers each request with these bytes, then closes, holds the line, or resets it. `count`: requests seen.

    `then` = greet: says them to whoever connects, before a request.
    """

    def __init__(self, said: bytes, then: str = "close") -> None:
        self.said = said
        self.then = then
        self.count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while self.then == "greet" or await reader.readuntil(b"\r\n\r\n"):
                self.count += 1
                writer.write(self.said)
                await writer.drain()
                if self.then == "reset":
                    writer.transport.abort()
                if self.then != "hold":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def talking(raw: Raw) -> AsyncIterator[str]:
    """A server that says these bytes; gives `127.0.0.1:<port>`. All its connections end with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await raw.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def head(*lines: str, status: str = "200 OK") -> bytes:
    """The beginning of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def on_wire(main: Callable[[AiohttpTransport], Awaitable[None]]) -> None:
    """Run `main` with a real transport, within 20 s."""

    async def whole() -> None:
        async with asyncio.timeout(20), AiohttpTransport() as transport:
            await main(transport)

    asyncio.run(whole())

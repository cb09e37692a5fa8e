"""The simulated exchanges over real HTTP and WebSocket: the thin edge on aiohttp."""

from __future__ import annotations

import asyncio
import gzip
from functools import cache

from aiohttp import WSMsgType, web

from perseus.exchanges.wire.transport import Closed, Frame, Ping, Text
from perseus.simulator import control
from perseus.simulator.exchange import let_in, taken
from perseus.simulator.session import Session, Torn
from perseus.simulator.wire import Asked, Reply
from perseus.simulator.world import Driver, World

WORLD = web.AppKey("world", World)
DRIVER = web.AppKey("driver", Driver)
AS_ADDRESS = "x-simulated-address"
BOMB_BYTES = 64 * 2**20
STALL_S = 600
CLOSE_S = 2.0
TEXT_OPCODE, LAST = 0x1, 0x80


def application(world: World, driver: Driver) -> web.Application:
    """What an aiohttp runner serves. Exchanges by the first part of the path, and /control."""
    app = web.Application()
    app[WORLD], app[DRIVER] = world, driver
    control.add(app, world, driver)
    app.router.add_get("/{exchange}", _answer)
    app.router.add_get("/{exchange}/{rest:.*}", _answer)
    return app


async def _answer(request: web.Request) -> web.StreamResponse:
    exchange = request.app[WORLD].exchanges.get(request.match_info["exchange"])
    if exchange is None:
        known = ", ".join(request.app[WORLD].exchanges)
        return web.Response(status=404, text=f"No exchange is simulated there. Known: {known}.\n")
    request.app[DRIVER].run()
    if request.headers.get("upgrade", "").lower() != "websocket":
        return await _give(request, await taken(exchange, _asked(request)))
    await asyncio.sleep(0)
    if _is_gone(request):
        return web.Response()
    opened = await let_in(exchange, _asked(request))
    return await _converse(request, opened) if isinstance(opened, Session) else await _give(request, opened)


def _asked(request: web.Request) -> Asked:
    params = {name: ",".join(request.query.getall(name)) for name in request.query}
    headers = {name.lower(): value for name, value in request.headers.items()}
    path = "/" + request.match_info.get("rest", "").rstrip("/")
    return Asked(path, params, headers, headers.get(AS_ADDRESS) or request.remote or "unknown")


async def _give(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Send a reply as badly as it is meant to arrive."""
    speed = request.app[WORLD].clock.speed * 1_000
    await asyncio.sleep(reply.head_wait_ms / speed)
    if reply.flaw == "reset":
        _cut(request)
        return web.Response()
    body = _bomb() if reply.flaw == "bomb" else reply.body
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(body) + (100 if reply.flaw == "short" else 0)
    if reply.flaw == "bomb":
        response.headers["content-encoding"] = "gzip"
    await response.prepare(request)
    await asyncio.sleep(reply.body_wait_ms / speed)
    if reply.flaw == "stall":
        await response.write(body[: len(body) // 2])
        await _until_gone(request)
    await response.write(body)
    if reply.flaw == "short":
        _cut(request, is_gentle=True)
    return response


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(BOMB_BYTES), 9)


def _cut(request: web.Request, is_gentle: bool = False) -> None:
    if transport := request.transport:
        transport.close() if is_gentle else transport.abort()


async def _until_gone(request: web.Request) -> None:
    for _ in range(STALL_S):
        if _is_gone(request):
            return
        await asyncio.sleep(1)


def _is_gone(request: web.Request) -> bool:
    """Has the client ended it? After a standstill its end comes one turn of the loop after its words."""
    return request.transport is None or request.transport.is_closing()


async def _converse(request: web.Request, session: Session) -> web.StreamResponse:
    socket = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, timeout=CLOSE_S)
    sender: asyncio.Task[None] | None = None
    try:
        await socket.prepare(request)
        sender = asyncio.create_task(_send_all(request, socket, session))
        async for message in socket:
            request.app[DRIVER].run()
            if message.type is WSMsgType.TEXT:
                session.heard_text(message.data.encode())
            elif message.type is WSMsgType.PONG:
                session.heard_pong(bytes(message.data))
            elif message.type is WSMsgType.PING:
                session.heard_ping(bytes(message.data))
                await socket.pong(message.data)
        if session.is_half_open:
            await _until_gone(request)
        elif not socket.closed:
            await socket.close()
    finally:
        session.heard_close()
        if sender:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
    return socket


async def _send_all(request: web.Request, socket: web.WebSocketResponse, session: Session) -> None:
    """Whatever the session puts out, in its order, until its end."""
    waiting = asyncio.Event()
    session.on_output = waiting.set
    while True:
        while session.outbox:
            frame = session.outbox.popleft()
            if isinstance(frame, Closed):
                await _end(request, socket, frame)
                return
            await _send(request, socket, frame)
        waiting.clear()
        await waiting.wait()


async def _send(request: web.Request, socket: web.WebSocketResponse, frame: Frame) -> None:
    if isinstance(frame, Torn):
        await _send_torn(request, frame.data)
    elif isinstance(frame, Text):
        await socket.send_str(frame.data.decode())
    elif isinstance(frame, Ping):
        await socket.ping(frame.payload)


async def _end(request: web.Request, socket: web.WebSocketResponse, frame: Closed) -> None:
    if frame.code is None:
        _cut(request)
    else:
        await socket.close(code=frame.code, message=frame.reason.encode())


async def _send_torn(request: web.Request, data: bytes) -> None:
    """One message as three frames, whose bytes come in small packets."""
    cuts = (0, len(data) // 3, len(data) * 2 // 3, len(data))
    whole = b""
    for number in range(3):
        part = data[cuts[number] : cuts[number + 1]]
        whole += _frame(part, TEXT_OPCODE if number == 0 else 0, number == 2)
    for first in range(0, len(whole), 40):
        if request.transport and not request.transport.is_closing():
            request.transport.write(whole[first : first + 40])
            await asyncio.sleep(0.001)


def _frame(part: bytes, opcode: int, is_last: bool) -> bytes:
    head = bytes([opcode | (LAST if is_last else 0)])
    if len(part) < 126:
        return head + bytes([len(part)]) + part
    return head + bytes([126]) + len(part).to_bytes(2, "big") + part

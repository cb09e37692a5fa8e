"""WebSockets by aiohttp against real servers, the broken ones among them."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import WSMsgType, web

from perseus.exchanges.wire.aiohttp_transport import MESSAGE_MAX, AiohttpTransport
from perseus.exchanges.wire.transport import Closed, Ping, Pong, Socket, Text, TransportError
from tests.exchanges.wire import Handler, Raw, head, on_wire, serving, talking

Talk = Callable[[web.WebSocketResponse], Awaitable[None]]


def speaking(talk: Talk) -> Handler:
    """A server that takes WebSockets, answers no ping by itself, and talks like this."""

    async def handler(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(autoping=False, max_msg_size=0)
        await ws.prepare(request)
        await talk(ws)
        return ws

    return handler


def with_socket(talk: Talk, listen: Callable[[Socket], Awaitable[None]]) -> None:
    async def main(transport: AiohttpTransport) -> None:
        async with serving(speaking(talk)) as place:
            socket = await transport.connect(f"ws://{place}/stream?streams=a@kline_1m/b@kline_1m", 5)
            await listen(socket)
            await socket.close()

    on_wire(main)


def test_messages_go_both_ways_and_arrive_as_bytes() -> None:
    async def talk(ws: web.WebSocketResponse) -> None:
        await ws.send_str(f"heard {(await ws.receive()).data} é")
        await ws.send_bytes(b"\xff\x00")
        await ws.receive()

    async def listen(socket: Socket) -> None:
        await socket.send('{"id":1}')
        assert await socket.receive() == Text('heard {"id":1} é'.encode())
        assert await socket.receive() == Text(b"\xff\x00")

    with_socket(talk, listen)


def test_pings_are_seen_and_answered_by_the_one_who_reads_and_by_nobody_else() -> None:
    heard: list[object] = []

    async def talk(ws: web.WebSocketResponse) -> None:
        await ws.ping(b"1499827319559")
        await ws.ping(b"second")
        while (message := await ws.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            heard.append((message.type, bytes(message.data)))

    async def listen(socket: Socket) -> None:
        assert await socket.receive() == Ping(b"1499827319559")
        assert await socket.receive() == Ping(b"second")
        await asyncio.sleep(0.1)
        assert heard == []
        await socket.pong(b"1499827319559")
        await socket.close()

    with_socket(talk, listen)
    assert heard == [(WSMsgType.PONG, b"1499827319559")]


def test_a_pong_is_seen_too() -> None:
    async def talk(ws: web.WebSocketResponse) -> None:
        await ws.pong(b"unasked")
        await ws.receive()

    async def listen(socket: Socket) -> None:
        assert await socket.receive() == Pong(b"unasked")

    with_socket(talk, listen)


@pytest.mark.parametrize(("code", "reason"), [(1000, "bye"), (1001, ""), (1008, "Too many requests"), (1012, "")])
def test_a_close_is_given_with_code_and_reason_and_again_to_who_asks_again(code: int, reason: str) -> None:
    async def talk(ws: web.WebSocketResponse) -> None:
        await ws.send_str("last")
        await ws.close(code=code, message=reason.encode())

    async def listen(socket: Socket) -> None:
        assert await socket.receive() == Text(b"last")
        assert await socket.receive() == Closed(code, reason)
        assert await socket.receive() == Closed(code, reason)
        with pytest.raises(TransportError) as caught:
            await socket.send("too late")
        assert caught.value.kind == "reset"

    with_socket(talk, listen)


def test_a_line_that_breaks_without_a_close_has_no_code() -> None:
    async def talk(ws: web.WebSocketResponse) -> None:
        await ws.send_str("last")
        await asyncio.sleep(0.05)
        assert ws._req is not None
        assert ws._req.transport is not None
        ws._req.transport.abort()  # type: ignore[attr-defined]

    async def listen(socket: Socket) -> None:
        assert await socket.receive() == Text(b"last")
        assert await socket.receive() == Closed(None, "the connection broke")

    with_socket(talk, listen)


def test_a_message_that_is_too_long_ends_the_connection() -> None:
    async def talk(ws: web.WebSocketResponse) -> None:
        await ws.send_bytes(bytes(MESSAGE_MAX + 1))
        await ws.receive()

    async def listen(socket: Socket) -> None:
        frame = await socket.receive()
        assert isinstance(frame, Closed)
        assert frame.code is None
        assert "exceeds limit" in frame.reason or "too big" in frame.reason.lower()

    with_socket(talk, listen)


def test_a_message_in_many_frames_with_a_ping_between_them_is_one_message() -> None:
    def frame(opcode: int, data: bytes, is_last: bool) -> bytes:
        return struct.pack("BB", opcode | (0x80 if is_last else 0), len(data)) + data

    async def talk(ws: web.WebSocketResponse) -> None:
        assert ws._req is not None
        assert ws._req.transport is not None
        whole = frame(1, b'{"a"', False) + frame(9, b"p", True) + frame(0, b":", False) + frame(0, b"1}", True)
        for at in range(len(whole)):
            ws._req.transport.write(whole[at : at + 1])  # type: ignore[attr-defined]
            await asyncio.sleep(0.001)
        await ws.receive()

    async def listen(socket: Socket) -> None:
        assert await socket.receive() == Ping(b"p")
        assert await socket.receive() == Text(b'{"a":1}')

    with_socket(talk, listen)


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_handshake_that_is_refused_tells_status_and_headers(status: int) -> None:
    async def main(transport: AiohttpTransport) -> None:
        async def handler(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Retry-After": "7"}, text="no")

        async with serving(handler) as place:
            with pytest.raises(TransportError, match=f"HTTP {status}") as caught:
                await transport.connect(f"ws://{place}/", 5)
        assert (caught.value.kind, caught.value.status) == ("handshake", status)
        assert caught.value.answer is not None
        assert caught.value.answer.headers["retry-after"] == "7"

    on_wire(main)


@pytest.mark.parametrize(("said", "then", "kind"), [(b"", "hold", "timeout"), (b"", "reset", "reset")])
def test_a_handshake_without_an_answer_is_an_error_of_its_kind(said: bytes, then: str, kind: str) -> None:
    async def main(transport: AiohttpTransport) -> None:
        async with talking(Raw(said, then)) as place:
            with pytest.raises(TransportError) as caught:
                await transport.connect(f"ws://{place}/", 0.3)
        assert caught.value.kind == kind

    on_wire(main)


def test_a_page_in_place_of_a_websocket_is_a_refused_handshake() -> None:
    async def main(transport: AiohttpTransport) -> None:
        async with talking(Raw(head("Content-Length: 6") + b"<html>")) as place:
            with pytest.raises(TransportError) as caught:
                await transport.connect(f"ws://{place}/", 5)
        assert (caught.value.kind, caught.value.status) == ("handshake", 200)

    on_wire(main)


@pytest.mark.parametrize("is_flooding", [False, True])
def test_a_half_open_line_holds_nobody_who_closes_it_for_more_than_two_seconds(is_flooding: bool) -> None:
    async def talk(ws: web.WebSocketResponse) -> None:
        assert ws._req is not None
        assert ws._req.transport is not None
        for _ in range(600):
            if is_flooding:
                ws._req.transport.write(b"\x81\x01x")  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)

    async def listen(socket: Socket) -> None:
        began = time.monotonic()
        await socket.close()
        assert time.monotonic() - began < 2.8
        assert isinstance(await socket.receive(), Closed)

    with_socket(talk, listen)


def test_who_waits_for_a_frame_while_another_closes_is_told_the_end() -> None:
    async def talk(ws: web.WebSocketResponse) -> None:
        await ws.receive()

    async def listen(socket: Socket) -> None:
        waiting = asyncio.create_task(socket.receive())
        await asyncio.sleep(0.05)
        await socket.close(1001)
        assert await waiting == Closed(1001, "closed by this side")

    with_socket(talk, listen)

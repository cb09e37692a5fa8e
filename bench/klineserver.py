"""A server that speaks as much Binance as is asked of it here, and sends klines as fast as they are taken.

`python -m bench.klineserver PORT TLS_PORT CERTIFICATE KEY`: on both ports the same. It is a process of its own, so that
what it uses is nobody's; it decides nothing, and is no simulator.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bench.klineframes import PAIRS_OF, SPANS_MS, Frames, Told, framed, names, rows, text

FULL = 1 << 20
TURN_SECONDS = 0.02
CYCLE_SECONDS = 2.0
URL_MAX = 1 << 20


@dataclass(eq=False)
class Socket:
    """One client's connection, and what it has subscribed to, by the names of streams."""

    transport: asyncio.Transport
    streams: dict[str, None] = field(default_factory=dict)

    async def send(self, frames: Iterator[bytes]) -> None:
        """All of these, as fast as they are taken."""
        block = bytearray()
        for frame in frames:
            block += frame
            if len(block) > FULL:
                await self._flush(block)
                block = bytearray()
        await self._flush(block)

    async def _flush(self, block: bytearray) -> None:
        self.transport.write(bytes(block))
        while self.transport.get_write_buffer_size() > FULL and not self.transport.is_closing():
            await asyncio.sleep(0.001)


class Server:
    """`sockets`: open ones."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self._work: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        """Streams, the few REST answers, and `/blast` and `/pace`, which have it begin."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/stream", self._stream),
                web.get("/api/v3/time", self._time),
                web.get("/api/v3/exchangeInfo", self._info),
                web.get("/api/v3/klines", self._history),
                web.get("/blast", self._blast),
                web.get("/pace", self._pace),
                web.get("/streams", self._count),
            ]
        )
        return app

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False, autoping=True)
        await ws.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        asked = request.query.get("streams", "")
        socket = Socket(request.transport, dict.fromkeys(filter(None, asked.split("/"))))
        self.sockets.add(socket)
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    await ws.send_str(text(self._answer(socket, message.json())))
        finally:
            self.sockets.discard(socket)
        return ws

    def _answer(self, socket: Socket, asked: Told) -> Told:
        if asked["method"] == "SUBSCRIBE":
            socket.streams.update(dict.fromkeys(asked["params"]))
        listed = list(socket.streams) if asked["method"] == "LIST_SUBSCRIPTIONS" else None
        return {"result": listed, "id": asked["id"]}

    async def _time(self, request: web.Request) -> web.Response:
        return _json({"serverTime": _now_ms()})

    async def _info(self, request: web.Request) -> web.Response:
        filters = [{"filterType": "PRICE_FILTER", "tickSize": "0.01"}]
        symbols = [
            {"symbol": f"{base}USDT", "status": "TRADING", "baseAsset": base, "quoteAsset": "USDT", "filters": filters}
            for base in names(PAIRS_OF)
        ]
        limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100_000_000}
        return _json({"serverTime": _now_ms(), "rateLimits": [limit], "symbols": symbols})

    async def _history(self, request: web.Request) -> web.Response:
        asked = request.query
        limits = (int(asked["startTime"]), min(int(asked["endTime"]), _now_ms()), int(asked["limit"]))
        return _json(rows(asked["interval"], *limits))

    async def _count(self, request: web.Request) -> web.Response:
        return _json(sum(len(socket.streams) for socket in self.sockets))

    async def _blast(self, request: web.Request) -> web.Response:
        """Frames of past candles, the same for all who ask, `updates` of each stream."""
        updates = int(request.query["updates"])
        for socket in self.sockets:
            frames = Frames(_klines(socket))
            self._begin(socket.send(frames.past(updates)))
        return _json({})

    async def _pace(self, request: web.Request) -> web.Response:
        """Each stream once in two seconds, evenly spread, with the time of now, for so many `seconds`."""
        self._begin(self._paced(float(request.query["seconds"])))
        return _json({})

    async def _paced(self, seconds: float) -> None:
        streams = [(socket, name) for socket in self.sockets for name in _klines(socket)]
        frames = {socket: Frames(_klines(socket)) for socket in self.sockets}
        began = time.monotonic()
        sent = 0
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed / CYCLE_SECONDS * len(streams))
            for at in range(sent, due):
                socket, name = streams[at % len(streams)]
                for frame in frames[socket].now(name, _now_ms()):
                    socket.transport.write(frame)
            sent = due
            await asyncio.sleep(TURN_SECONDS)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def _klines(socket: Socket) -> list[str]:
    return [name for name in socket.streams if name.partition("@kline_")[2] in SPANS_MS]


def _json(said: object) -> web.Response:
    return web.Response(body=framed(said), content_type="application/json")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def serve(port: int, tls_port: int, certificate: str, key: str) -> None:
    """Until the process is ended."""
    runner = web.AppRunner(Server().application(), access_log=None, max_line_size=URL_MAX, max_field_size=URL_MAX)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await web.TCPSite(runner, "127.0.0.1", tls_port, ssl_context=context).start()
    print("serving", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))

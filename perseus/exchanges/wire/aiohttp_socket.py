"""One WebSocket of aiohttp as `perseus.exchanges.wire.transport.Socket`."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from perseus.exchanges.wire.transport import NORMAL_CLOSE, Closed, Frame, Ping, Pong, Text, TransportError

NO_CODE = 1005
"""What stands for a closing frame without a code, in place of aiohttp's 0."""
BROKEN = Closed(None, "the connection broke")


class AiohttpSocket:
    """Made by `AiohttpTransport.connect`. `close_seconds`: how long the other side may take to close."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse[Any], close_seconds: float) -> None:
        self._ws = ws
        self._close_seconds = close_seconds
        self._end: Closed | None = None

    async def send(self, text: str) -> None:
        """As the protocol says."""
        try:
            await self._ws.send_str(text)
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            raise TransportError("reset", f"The connection is gone: {error}.") from None

    async def pong(self, payload: bytes) -> None:
        """As the protocol says."""
        try:
            await self._ws.pong(payload)
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            raise TransportError("reset", f"The connection is gone: {error}.") from None

    async def receive(self) -> Frame:
        """As the protocol says."""
        if self._end is not None:
            return self._end
        message: Any = await self._ws.receive()
        match message.type:
            case aiohttp.WSMsgType.TEXT | aiohttp.WSMsgType.BINARY:
                return Text(message.data)
            case aiohttp.WSMsgType.PING:
                return Ping(bytes(message.data))
            case aiohttp.WSMsgType.PONG:
                return Pong(bytes(message.data))
        return self._ended(message)

    async def close(self, code: int = NORMAL_CLOSE) -> None:
        """As the protocol says. aiohttp waits for the other side anew at each message: the bound is ours."""
        self._end = self._end or Closed(code, "closed by this side")
        try:
            async with asyncio.timeout(self._close_seconds):
                await self._ws.close(code=code)
        except TimeoutError:
            return

    def _ended(self, message: Any) -> Closed:
        if self._end is None:
            match message.type:
                case aiohttp.WSMsgType.CLOSE:
                    self._end = Closed(message.data or NO_CODE, str(message.extra or ""))
                case aiohttp.WSMsgType.ERROR:
                    self._end = Closed(None, f"what came is no WebSocket message: {message.data}")
                case _:
                    self._end = BROKEN
        return self._end

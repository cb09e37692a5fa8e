"""A scripted exchange in the same process: a Transport whose every socket a test holds in its hand.

It counts as an exchange counts: messages of ours in any span of a second, and connects.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from perseus.exchanges.wire.transport import Answer, Closed, Frame, Ping, Text, TransportError
from perseus.market.timeframes import Timeframe

MINUTE = 60_000
T0 = 1_800_000_000_000 - 1_800_000_000_000 % 86_400_000
"""Exchange time at which a loop's time is 1000 s: a midnight."""


def exchange_ms() -> int:
    return T0 + round((asyncio.get_running_loop().time() - 1000) * 1000)


class ScriptedSocket:
    """One connection. `number`: of the last envelope that it said as Coinbase numbers them; -1: none yet."""

    def __init__(self, exchange: ScriptedExchange) -> None:
        self.exchange = exchange
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.sent: list[tuple[float, Any]] = []
        self.pongs: list[bytes] = []
        self.times: deque[float] = deque()
        self.most_a_second = 0
        self.streams: set[str] = set()
        self.closed: Closed | None = None
        self.is_half_open = False
        self.number = -1
        self.age_from = exchange.now()

    async def send(self, text: str) -> None:
        self._count()
        message = json.loads(text)
        self.sent.append((self.exchange.now(), message))
        if not self.is_half_open:
            self.exchange.hears(self, message)

    async def receive(self) -> Frame:
        if self.closed and self.frames.empty():
            return self.closed
        frame = await self.frames.get()
        if isinstance(frame, Closed):
            self.closed = frame
        return frame

    async def pong(self, payload: bytes) -> None:
        self._count()
        self.pongs.append(payload)

    async def close(self, code: int = 1000) -> None:
        self.closed = self.closed or Closed(code, "by us")
        self.exchange.open.discard(self)

    def say(self, message: Any) -> None:
        """Send this to the client, unless the line is dead."""
        if not self.is_half_open and not self.closed:
            data = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.frames.put_nowait(Text(data))

    def ping(self, payload: bytes) -> None:
        self.frames.put_nowait(Ping(payload))

    def end(self, code: int | None = None, reason: str = "") -> None:
        """The exchange ends it."""
        self.frames.put_nowait(Closed(code, reason))
        self.exchange.open.discard(self)

    def _count(self) -> None:
        if self.closed:
            raise TransportError("reset", "the connection is gone")
        now = self.exchange.now()
        self.times.append(now)
        while self.times[0] <= now - 1:
            self.times.popleft()
        self.most_a_second = max(self.most_a_second, len(self.times))


class ScriptedExchange:
    """`refuse`: errors that the next connects raise, in order; `hears` may be replaced by a test."""

    def __init__(self, hears: Callable[[ScriptedSocket, Any], None]) -> None:
        self.hears = hears
        self.sockets: list[ScriptedSocket] = []
        self.open: set[ScriptedSocket] = set()
        self.refuse: deque[TransportError] = deque()
        self.connects: list[float] = []
        self.urls: list[str] = []

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        raise AssertionError("streams ask for nothing by GET")

    async def connect(self, url: str, timeout: float) -> ScriptedSocket:
        self.connects.append(self.now())
        self.urls.append(url)
        await asyncio.sleep(0.05)
        if self.refuse:
            raise self.refuse.popleft()
        socket = ScriptedSocket(self)
        self.sockets.append(socket)
        self.open.add(socket)
        return socket

    def say(self, message: Any) -> None:
        """To all that are connected."""
        for socket in list(self.open):
            socket.say(message)


def binance(socket: ScriptedSocket, message: Any) -> None:
    """Acknowledges as Binance does."""
    match message:
        case {"method": "SUBSCRIBE", "params": params, "id": id}:
            socket.streams |= set(params)
            socket.say({"result": None, "id": id})
        case {"method": "UNSUBSCRIBE", "params": params, "id": id}:
            socket.streams -= set(params)
            socket.say({"result": None, "id": id})
        case {"method": "LIST_SUBSCRIPTIONS", "id": id}:
            socket.say({"result": sorted(socket.streams), "id": id})


def coinbase(socket: ScriptedSocket, message: Any) -> None:
    """Acknowledges as Coinbase does: with all that is subscribed."""
    products = {f"{message['channel']}:{product}" for product in message.get("product_ids", ())}
    if message["type"] == "subscribe":
        socket.streams |= products or {message["channel"]}
    else:
        socket.streams -= products
    channels: dict[str, list[str]] = {}
    for stream in sorted(socket.streams):
        channel, _, product = stream.partition(":")
        channels.setdefault(channel, []).append(product)
    socket.say(envelope(socket, "subscriptions", [{"subscriptions": channels}]))


def envelope(socket: ScriptedSocket, channel: str, events: list[Any]) -> dict[str, Any]:
    """With the next number of this connection."""
    socket.number += 1
    return {
        "channel": channel,
        "timestamp": _rfc(exchange_ms()),
        "sequence_num": socket.number,
        "events": events,
    }


def _rfc(ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def kline(
    symbol: str, timeframe: str = "1m", *, closed: bool = False, event_ms: int | None = None, **other: Any
) -> Any:
    """A combined kline message of the candle that runs now."""
    now = exchange_ms() if event_ms is None else event_ms
    frame = Timeframe.parse(timeframe)
    open_ms = frame.open_of(now)
    k = {"t": open_ms, "T": frame.close_of(open_ms) - 1, "s": symbol, "i": timeframe, "f": 1, "L": 2}
    k |= {"o": "1.0", "c": "1.5", "h": "2.0", "l": "0.5", "v": "10", "n": 3, "x": closed, "q": "12", "V": "1", "Q": "1"}
    name = f"{symbol.lower()}@kline_{timeframe}"
    return {"stream": name, "data": {"e": "kline", "E": now, "s": symbol, "k": k | other}}


async def every(seconds: float, count: int, act: Callable[[], None]) -> None:
    """Do it so often, at that distance."""
    for _ in range(count):
        act()
        await asyncio.sleep(seconds)


def talk(exchange: ScriptedExchange, names: Iterable[str], seconds: float = 2.0) -> asyncio.Task[None]:
    """Klines of these for ever, each only where it is subscribed."""
    wanted = list(names)

    async def for_ever() -> None:
        while True:
            for name in wanted:
                symbol, _, rest = name.partition("@kline_")
                for socket in list(exchange.open):
                    if name in socket.streams:
                        socket.say(kline(symbol.upper(), rest))
            await asyncio.sleep(seconds)

    return asyncio.create_task(for_ever())

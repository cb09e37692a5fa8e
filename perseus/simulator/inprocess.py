"""The simulated exchanges without sockets: a transport that reaches them within the same process and loop."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from perseus.exchanges.wire.transport import Answer, Closed, Frame, Kind, TransportError
from perseus.simulator.exchange import let_in, taken
from perseus.simulator.session import Session
from perseus.simulator.wire import Asked, Flaw, Reply
from perseus.simulator.world import Driver, World

BASE = "sim://exchange"
NO_ANSWER: dict[Flaw, tuple[Kind, str]] = {
    "reset": ("reset", "the connection was cut"),
    "short": ("body", "the body is shorter than its length"),
    "bomb": ("size", "the body unpacks to more than we take"),
}


class InProcess:
    """A `perseus.exchanges.wire.transport.Transport`. URLs are those of the served simulator, whatever their host.

    Each way takes from `fastest` to `slowest` seconds, by the dice of `seed`; what follows on one connection never
    overtakes. `address`: which the exchange sees and limits.
    """

    def __init__(
        self, world: World, fastest: float = 0.005, slowest: float = 0.05, address: str = "10.0.0.1", seed: str = "net"
    ) -> None:
        self.world = world
        self.address = address
        self._dice = random.Random(seed)
        self._way = (fastest, slowest)
        self.driver = world.driver or Driver(world, asyncio.get_running_loop().call_at)
        self.driver.arm()

    def way(self) -> float:
        """Seconds that the next packet takes."""
        return self._dice.uniform(*self._way)

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        try:
            async with asyncio.timeout(timeout):
                return await self._get(url, params, headers)
        except TimeoutError:
            raise TransportError("timeout", f"{url} did not answer within {timeout:g} s") from None

    async def _get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        name, asked = self._asked(url, params, headers)
        await asyncio.sleep(self.way())
        self.driver.run()
        exchange = self.world.exchanges.get(name)
        reply = await taken(exchange, asked) if exchange else Reply(404)
        speed = self.world.clock.speed * 1_000
        await asyncio.sleep(self.way() + (reply.head_wait_ms + reply.body_wait_ms) / speed)
        if reply.flaw == "stall":
            await asyncio.Event().wait()
        if reply.flaw != "none":
            raise TransportError(*NO_ANSWER[reply.flaw])
        return Answer(reply.status, reply.headers, reply.body)

    async def connect(self, url: str, timeout: float) -> Connection:
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(url)
        except TimeoutError:
            raise TransportError("timeout", f"{url} did not open within {timeout:g} s") from None

    async def _connect(self, url: str) -> Connection:
        name, asked = self._asked(url, {}, {})
        await asyncio.sleep(self.way())
        self.driver.run()
        exchange = self.world.exchanges.get(name)
        opened = await let_in(exchange, asked) if exchange else Reply(404)
        if isinstance(opened, Session):
            return Connection(self, opened)
        await asyncio.sleep(self.way())
        if opened.flaw != "none":
            raise TransportError(*NO_ANSWER[opened.flaw])
        answer = Answer(opened.status, opened.headers, opened.body)
        raise TransportError("handshake", f"{url} answered {opened.status}", answer)

    def _asked(self, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, Asked]:
        parts = urlsplit(url)
        _, name, rest = (parts.path + "/").split("/", 2)
        whole = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **params}
        lower = {name.lower(): value for name, value in headers.items()}
        return name, Asked("/" + rest.removesuffix("/"), whole, lower, self.address)


class Connection:
    """A `perseus.exchanges.wire.transport.Socket`."""

    def __init__(self, transport: InProcess, session: Session) -> None:
        self._transport = transport
        self._session = session
        self._arrived: deque[Frame] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._end: Closed | None = None
        self._up_ms = self._down_ms = 0
        session.on_output = self._sent
        self._sent()

    async def send(self, text: str) -> None:
        self._up(lambda: self._session.heard_text(text.encode()))

    async def pong(self, payload: bytes) -> None:
        self._up(lambda: self._session.heard_pong(payload))

    async def receive(self) -> Frame:
        while not self._arrived:
            if self._end:
                return self._end
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        frame = self._arrived.popleft()
        if isinstance(frame, Closed):
            self._end = self._end or frame
            self._arrived.clear()
        return frame

    async def close(self, code: int = 1000) -> None:
        if self._end is None:
            self._up(self._session.heard_close)
            self._end = Closed(code, "")
            self._wake()
            await asyncio.sleep(2 if self._session.is_half_open else self._transport.way())

    def _up(self, heard: Callable[[], None]) -> None:
        if self._end:
            raise TransportError("reset", "the connection is closed")
        self._transport.driver.run()
        self._up_ms = max(self._up_ms, self._arrival_ms())
        self._transport.world.timers.at(self._up_ms, lambda: None if self._session.is_over else heard())

    def _sent(self) -> None:
        timers = self._transport.world.timers
        while self._session.outbox:
            frame = self._session.outbox.popleft()
            self._down_ms = max(self._down_ms, self._arrival_ms())
            timers.at(self._down_ms, lambda frame=frame: self._arrive(frame))  # type: ignore[misc]

    def _arrival_ms(self) -> int:
        world = self._transport.world
        return world.timers.now_ms + round(self._transport.way() * 1_000 * world.clock.speed)

    def _arrive(self, frame: Frame) -> None:
        if self._end is None:
            self._arrived.append(frame)
            if isinstance(frame, Closed):
                self._end = frame
            self._wake()

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

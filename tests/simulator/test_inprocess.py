"""The simulator as a transport: real protocol traffic on virtual time, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from perseus.exchanges.wire.transport import Closed, Ping, Socket, Text, TransportError
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.inprocess import BASE, InProcess
from perseus.simulator.world import World
from tests.simulated.virtual_loop import run
from tests.simulator.conftest import START_MS

KLINES = {"symbol": "BTCUSDT", "interval": "1m", "limit": "2"}


def on_loop(main: Callable[[InProcess], Awaitable[Any]], *faults: Fault) -> Any:
    async def whole() -> Any:
        world = World(VirtualClock(asyncio.get_running_loop().time, START_MS), "seed", faults)
        return await main(InProcess(world))

    return run(whole)


async def listen(socket: Socket, seconds: float) -> list[Any]:
    """Its messages of so long, pings answered."""
    heard: list[Any] = []
    try:
        async with asyncio.timeout(seconds):
            while not isinstance(frame := await socket.receive(), Closed):
                if isinstance(frame, Ping):
                    await socket.pong(frame.payload)
                elif isinstance(frame, Text):
                    heard.append(msgspec.json.decode(frame.data))
    except TimeoutError:
        pass
    return heard


def test_a_request_is_answered_by_the_exchange_that_its_path_names() -> None:
    async def main(wire: InProcess) -> Any:
        first = await wire.get(f"{BASE}/binance/api/v3/klines", KLINES, {}, 5)
        second = await wire.get(f"{BASE}/binance_us/api/v3/klines?limit=3", {**KLINES, "limit": "1"}, {}, 5)
        return first, second

    first, second = on_loop(main)
    assert len(msgspec.json.decode(first.body)) == 2
    assert len(msgspec.json.decode(second.body)) == 1
    assert (first.headers["x-mbx-used-weight-1m"], second.headers["x-mbx-used-weight-1m"]) == ("2", "1")


def test_an_hour_of_a_stream_breaks_no_rule_and_is_the_same_each_time() -> None:
    async def main(wire: InProcess) -> Any:
        socket = await wire.connect("ws://any/binance/stream?streams=btcusdt@kline_1m/nknusdt@kline_1m", 5)
        heard = await listen(socket, 3_600)
        return heard, wire.world.broken(), wire.world.exchanges["binance"].counters.seen["pongs"]

    heard, broken, answered = on_loop(main)
    assert len(heard) > 1_500
    assert broken == {}
    assert answered == 179
    assert on_loop(main)[0] == heard


def test_messages_reach_the_exchange_in_their_order() -> None:
    async def main(wire: InProcess) -> Any:
        socket = await wire.connect("ws://any/binance/ws", 5)
        for number in range(4):
            await socket.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
        return [message["id"] for message in await listen(socket, 2)]

    assert on_loop(main) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("http_reset", "reset"),
        ("stalled_body", "timeout"),
        ("wrong_length", "body"),
        ("gzip_bomb", "size"),
    ],
)
def test_what_the_wire_spoils_is_an_error_of_the_transport(fault: str, kind: str) -> None:
    async def main(wire: InProcess) -> None:
        with pytest.raises(TransportError) as caught:
            await wire.get(f"{BASE}/binance/api/v3/klines", KLINES, {}, 5)
        assert caught.value.kind == kind
        assert (await wire.get(f"{BASE}/binance/api/v3/klines", KLINES, {}, 5)).status == 200

    on_loop(main, Fault(fault, count=1))


def test_a_refused_handshake_says_what_came_in_its_place() -> None:
    async def main(wire: InProcess) -> None:
        with pytest.raises(TransportError) as caught:
            await wire.connect("ws://any/binance/ws", 5)
        assert (caught.value.kind, caught.value.status) == ("handshake", 503)

    on_loop(main, Fault("handshake", count=1))


@pytest.mark.parametrize(("name", "code"), [("reset", None), ("close", 1012)])
def test_an_end_arrives_after_what_was_sent_before_it(name: str, code: int | None) -> None:
    async def main(wire: InProcess) -> Any:
        socket = await wire.connect("ws://any/binance/ws/btcusdt@kline_1m", 5)
        heard = []
        while not isinstance(frame := await socket.receive(), Closed):
            heard.append(frame)
        with pytest.raises(TransportError):
            await socket.send("{}")
        return len(heard), frame.code, await socket.receive() == frame

    params = {"code": 1012} if code else {}
    count, ended_with, again = on_loop(main, Fault(name, after_ms=10_000, params=params))
    assert count > 3
    assert ended_with == code
    assert again


def test_half_open_neither_tells_nor_ends() -> None:
    async def main(wire: InProcess) -> Any:
        socket = await wire.connect("ws://any/binance/ws/btcusdt@kline_1m", 5)
        heard = await listen(socket, 300)
        await socket.send("{}")
        return len(heard), isinstance(await asyncio.wait_for(asyncio.shield(_closed(socket)), 10), Closed)

    async def _closed(socket: Socket) -> object:
        await socket.close()
        return await socket.receive()

    count, ended = on_loop(main, Fault("half_open", after_ms=10_000))
    assert count < 10
    assert ended


def test_two_transports_are_two_addresses_on_one_world() -> None:
    async def main(wire: InProcess) -> None:
        other = InProcess(wire.world, address="10.0.0.2")
        for one in (wire, other, wire):
            answer = await one.get(f"{BASE}/binance/api/v3/klines", KLINES, {}, 5)
        assert answer.headers["x-mbx-used-weight-1m"] == "4"
        assert wire.world.as_json()["binance"]["weightUsed"] == {"10.0.0.1": 4, "10.0.0.2": 2}

    on_loop(main)


def test_an_outage_breaks_everything_and_ends() -> None:
    async def main(wire: InProcess) -> None:
        socket = await wire.connect("ws://any/binance/ws/btcusdt@kline_1m", 5)
        await listen(socket, 12)
        with pytest.raises(TransportError, match="cut"):
            await wire.connect("ws://any/binance/ws", 5)
        await asyncio.sleep(30)
        await wire.connect("ws://any/binance/ws", 5)

    on_loop(main, Fault("outage", after_ms=10_000))

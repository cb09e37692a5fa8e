"""The simulator over real sockets, met by the real transport."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.exchanges.wire.transport import Closed, Ping, Text, TransportError
from perseus.simulator import server
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.world import Driver, World
from tests.simulator.conftest import START_MS

KLINES = {"symbol": "BTCUSDT", "interval": "1m", "limit": "500"}
PATH = "/binance/api/v3/klines"


@asynccontextmanager
async def served(speed: float, faults: tuple[Fault, ...]) -> AsyncIterator[tuple[World, str]]:
    loop = asyncio.get_running_loop()
    world = World(VirtualClock(loop.time, START_MS, speed), "seed", faults)
    driver = Driver(world, loop.call_at)
    driver.arm()
    runner = web.AppRunner(server.application(world, driver), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield world, f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        driver.stop()
        await runner.cleanup()


def over_sockets(
    main: Callable[[AiohttpTransport, World, str], Awaitable[Any]], *faults: Fault, speed: float = 1.0
) -> Any:
    async def whole() -> Any:
        async with served(speed, faults) as (world, at), AiohttpTransport() as wire, asyncio.timeout(30):
            return await main(wire, world, at)

    return asyncio.run(whole())


def test_requests_and_frames_are_those_of_the_core() -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        answer = await wire.get(f"http://{at}{PATH}", KLINES, {}, 5)
        assert len(msgspec.json.decode(answer.body)) == 500
        assert answer.headers["x-mbx-used-weight-1m"] == "2"
        socket = await wire.connect(f"ws://{at}/binance/stream?streams=btcusdt@kline_1m", 5)
        frame = await socket.receive()
        while isinstance(frame, Ping):
            await socket.pong(frame.payload)
            frame = await socket.receive()
        assert isinstance(frame, Text)
        assert msgspec.json.decode(frame.data)["stream"] == "btcusdt@kline_1m"
        await socket.close()
        while world.exchanges["binance"].sessions:
            await asyncio.sleep(0.01)
        assert world.broken() == {}

    over_sockets(main, speed=20)


def test_pings_arrive_and_their_pongs_count() -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        socket = await wire.connect(f"ws://{at}/binance/ws", 5)
        for _ in range(3):
            frame = await socket.receive()
            assert isinstance(frame, Ping)
            await socket.pong(frame.payload)
        while world.exchanges["binance"].counters.seen["pongs"] < 3:
            await asyncio.sleep(0.01)
        assert world.broken() == {}
        await socket.close()

    over_sockets(main, speed=100)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("http_reset", "reset"), ("stalled_body", "timeout"), ("wrong_length", "body"), ("gzip_bomb", "size")],
)
def test_what_the_wire_spoils_is_seen_by_the_real_transport_as_by_the_one_in_process(fault: str, kind: str) -> None:
    async def main(wire: AiohttpTransport, _: World, at: str) -> None:
        with pytest.raises(TransportError) as caught:
            await wire.get(f"http://{at}{PATH}", KLINES, {}, 1)
        assert caught.value.kind == kind
        assert (await wire.get(f"http://{at}{PATH}", KLINES, {}, 5)).status == 200

    over_sockets(main, Fault(fault, count=1))


def test_a_slow_answer_takes_as_long_as_the_clock_of_the_exchange_says() -> None:
    async def main(wire: AiohttpTransport, _: World, at: str) -> None:
        with pytest.raises(TransportError, match=r"0\.3 s"):
            await wire.get(f"http://{at}{PATH}", KLINES, {}, 0.3)

    over_sockets(main, Fault("slow_headers", count=1, params={"wait_ms": 60_000}), speed=100)


@pytest.mark.parametrize(
    ("name", "params", "code"), [("reset", {}, None), ("close", {"code": 1012}, 1012), ("expire_all", {}, 1001)]
)
def test_an_end_arrives_as_it_was_meant(name: str, params: dict[str, Any], code: int | None) -> None:
    async def main(wire: AiohttpTransport, _: World, at: str) -> None:
        socket = await wire.connect(f"ws://{at}/binance/ws", 5)
        frame = await socket.receive()
        assert isinstance(frame, Closed)
        assert frame.code == code

    over_sockets(main, Fault(name, after_ms=300, params=params))


def test_a_refused_handshake_is_plain_http() -> None:
    async def main(wire: AiohttpTransport, _: World, at: str) -> None:
        with pytest.raises(TransportError) as caught:
            await wire.connect(f"ws://{at}/coinbase", 5)
        assert (caught.value.kind, caught.value.status) == ("handshake", 429)

    over_sockets(main, Fault("handshake", count=1, params={"status": 429}))


def test_a_fragmented_message_is_put_together_again() -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        socket = await wire.connect(f"ws://{at}/binance/ws/btcusdt@kline_1m/ethusdt@kline_1m", 5)
        for _ in range(4):
            frame = await socket.receive()
            assert isinstance(frame, Text)
            assert msgspec.json.decode(frame.data)["e"] == "kline"
        assert world.exchanges["binance"].counters.faults["fragmented"] >= 4
        await socket.close()

    over_sockets(main, Fault("fragmented"), speed=5)


def test_half_open_answers_not_even_a_close() -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        socket = await wire.connect(f"ws://{at}/binance/ws/btcusdt@kline_1m", 5)
        while not world.exchanges["binance"].counters.faults:
            await asyncio.sleep(0.01)
        began = asyncio.get_running_loop().time()
        await socket.close()
        assert asyncio.get_running_loop().time() - began > 1

    over_sockets(main, Fault("half_open", after_ms=100))


def test_control_tells_counts_and_truth_and_takes_faults_and_time() -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        async with aiohttp.ClientSession(f"http://{at}/control/") as session:

            async def ask(method: str, path: str, **told: Any) -> Any:
                async with session.request(method, path, **told) as response:
                    return response.status, await response.json()

            assert await ask("POST", "faults", json={"name": "http_403", "count": 1}) == (200, {"added": 1})
            assert (await wire.get(f"http://{at}{PATH}", KLINES, {}, 5)).status == 403
            _, counted = await ask("GET", "counters")
            assert counted["binance"]["faults"] == {"http_403": 1}
            assert len((await ask("GET", "faults"))[1]["coinbase"]) == 1
            await ask("DELETE", "faults")
            assert (await ask("GET", "faults"))[1]["coinbase"] == []
            query = {"exchange": "coinbase", "symbol": "BTC-USD", "timeframe": "5m"}
            _, before = await ask("GET", "truth", params=query)
            assert len(before["candles"]) == 1_000
            assert (await ask("POST", "clock", json={"leapMs": 600_000, "speed": 10}))[1]["speed"] == 10
            _, after = await ask("GET", "truth", params=query)
            assert after["candles"][-1]["timestamp"] - before["candles"][-1]["timestamp"] in (600_000, 900_000)
            status, error = await ask("POST", "clock", json={"speed": -1})
            assert (status, "above 0" in error["error"]) == (400, True)
            for speed in (0, 1_000.5, 5_000, "nan", "inf", "fast", None):
                status, error = await ask("POST", "clock", json={"speed": speed})
                assert (status, "The clock cannot do that" in error["error"]) == (400, True)
            assert (await ask("POST", "clock", data=b'{"leapMs": "inf"}'))[0] == 400
            assert (await ask("GET", "clock"))[1]["speed"] == 10
            assert (await ask("GET", "truth", params={**query, "exchange": "kraken"}))[0] == 400
            assert (await ask("GET", "truth", params={**query, "from": "then"}))[0] == 400
            assert (await ask("POST", "faults", data=b"{"))[0] == 400
            assert "fragmented" in (await ask("GET", "catalogue"))[1]

    over_sockets(main)


def test_clients_that_give_up_leave_no_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    """As at a simulator that stood still: requests and handshakes are taken whose clients have gone."""

    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        url = f"http://{at}{PATH}"
        results = await asyncio.gather(*(wire.get(url, KLINES, {}, 0.2) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(result, TransportError) for result in results)
        longer_than_they_are_held = 0.8
        await asyncio.sleep(longer_than_they_are_held)
        assert world.exchanges["binance"].counters.seen["http_requests"] == 3

    over_sockets(main, Fault("requests_held", "binance", params={"for_ms": 600}))
    assert [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"] == []


HANDSHAKE = """GET /{} HTTP/1.1\r
Host: here\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
\r
"""


def given_up(at: str, path: str, *, is_reset: bool = False) -> None:
    """Ask for a WebSocket and be gone before it can be read, by this loop or a process that is stopped."""
    host, port = at.split(":")
    with socket.create_connection((host, int(port))) as wire:
        wire.sendall(HANDSHAKE.format(path).encode())
        if is_reset:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("path", ["coinbase", "binance_us/ws", "binance/ws/btcusdt@kline_1m"])
def test_who_gave_up_its_handshake_before_it_was_read_is_not_counted(path: str, is_reset: bool) -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        exchange = world.exchanges[path.partition("/")[0]]
        given_up(at, path, is_reset=is_reset)
        last = await wire.connect(f"ws://{at}/{path}", 5)
        assert list(exchange.sessions) == [1]
        assert exchange.counters.seen["ws_connects"] == 1
        await last.close()

    over_sockets(main)


def test_who_is_found_gone_only_when_it_is_answered_leaves_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        exchange = world.exchanges["coinbase"]
        given_up(at, "coinbase")
        while not exchange.counters.seen["closed_by_client"]:
            await asyncio.sleep(0.01)
        assert exchange.sessions == {}

    monkeypatch.setattr(server, "_is_gone", lambda _: False)
    over_sockets(main)


def test_who_gave_up_while_its_handshake_waited_leaves_no_session() -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> None:
        exchange = world.exchanges["coinbase"]
        exchange.shut()
        with pytest.raises(TransportError):
            await wire.connect(f"ws://{at}/coinbase", 0.2)
        assert exchange.held_out == 1
        exchange.open()
        while exchange.sessions:
            await asyncio.sleep(0.01)
        assert exchange.counters.seen["closed_by_client"] == 1

    over_sockets(main)


def test_an_unknown_exchange_is_told_which_there_are() -> None:
    async def main(wire: AiohttpTransport, _: World, at: str) -> None:
        answer = await wire.get(f"http://{at}/kraken/time", {}, {}, 5)
        assert (answer.status, b"binance_us" in answer.body) == (404, True)

    over_sockets(main)

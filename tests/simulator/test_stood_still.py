"""A simulator that itself stands still for a while: no client is blamed for what it could not do meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock
from urllib.request import urlopen

import msgspec
import pytest

from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.exchanges.wire.transport import Ping
from perseus.simulator.world import Driver
from tests.commands.test_simulate import simulating
from tests.simulator.conftest import Bench, end_of, frames
from tests.simulator.test_server import given_up

SUBSCRIBE = {"type": "subscribe", "channel": "heartbeats"}
SPEED = 50
STILL_SECONDS = 0.5
"""25 s of the exchange's time: five times as long as a first subscription may take."""


@pytest.fixture
def run(bench: Bench) -> Callable[[], None]:
    """Of a driver whose clients are other processes; its loop calls nothing by itself."""
    driver = Driver(bench.world, Mock(), lambda: bench.seconds)
    driver.arm()
    return driver.run


def passing(bench: Bench, run: Callable[[], None], seconds: float) -> None:
    """Time passes while all is done in time."""
    end = bench.seconds + seconds
    while bench.seconds < end:
        bench.seconds = min(bench.seconds + 0.1, end)
        run()


def broken(bench: Bench) -> dict[str, int]:
    return bench.world.broken()


@pytest.mark.parametrize("before", [0.0, 4.0])
def test_who_could_not_subscribe_meanwhile_has_what_was_left_of_its_time(
    bench: Bench, run: Callable[[], None], before: float
) -> None:
    silent, fine = bench.open("/", "coinbase"), bench.open("/", "coinbase")
    passing(bench, run, before)
    bench.seconds += 60
    run()
    assert end_of(silent) is None
    fine.heard_text(msgspec.json.encode(SUBSCRIBE))
    passing(bench, run, 4.8 - before)
    assert broken(bench) == {}
    passing(bench, run, 0.3)
    assert end_of(silent)
    assert end_of(fine) is None
    assert broken(bench) == {"coinbase subscribe_late": 1}


def test_pings_are_not_piled_up_and_their_pongs_have_their_time(bench: Bench, run: Callable[[], None]) -> None:
    session = bench.open("/ws", "binance")
    passing(bench, run, 19)
    bench.seconds += 600
    run()
    passing(bench, run, 20)
    (ping,) = [frame for frame in frames(session) if isinstance(frame, Ping)]
    assert broken(bench) == {}
    session.heard_pong(ping.payload)
    passing(bench, run, 55)
    assert broken(bench) == {}
    passing(bench, run, 20)
    assert broken(bench) == {"binance pong_missing": 1}


def test_a_ping_from_before_is_waited_for_as_long_as_ever(bench: Bench, run: Callable[[], None]) -> None:
    session = bench.open("/ws", "binance")
    passing(bench, run, 21)
    assert [frame for frame in frames(session) if isinstance(frame, Ping)]
    bench.seconds += 600
    run()
    passing(bench, run, 55)
    assert broken(bench) == {}
    passing(bench, run, 10)
    assert broken(bench) == {"binance pong_missing": 1}


def test_who_shares_the_loop_has_no_excuse(bench: Bench) -> None:
    driver = Driver(bench.world, Mock())
    driver.arm()
    bench.open("/", "coinbase")
    bench.seconds += 600
    driver.run()
    assert broken(bench) == {"coinbase subscribe_late": 1}


def test_a_leap_of_its_clock_is_no_standstill(bench: Bench, run: Callable[[], None]) -> None:
    bench.open("/", "coinbase")
    bench.world.clock.leap(600_000)
    run()
    assert broken(bench) == {"coinbase subscribe_late": 1}


def test_a_frozen_process_blames_nobody() -> None:
    async def main(at: str, pid: int) -> None:
        async with AiohttpTransport() as wire, asyncio.timeout(30):
            socket = await wire.connect(f"ws://{at}/coinbase", 5)
            os.kill(pid, signal.SIGSTOP)
            await socket.send(msgspec.json.encode(SUBSCRIBE).decode())
            await asyncio.sleep(STILL_SECONDS)  # real time is what is tested
            os.kill(pid, signal.SIGCONT)
            await socket.receive()
            await socket.close()

    with simulating("--port", "0", "--speed", str(SPEED)) as (process, said):
        at = said.partition("http://")[2].partition(",")[0]
        asyncio.run(main(at, process.pid))
        with urlopen(f"http://{at}/control/counters", timeout=10) as answer:
            seen = msgspec.json.decode(answer.read())["coinbase"]
    assert seen["broken"] == {}
    assert seen["seen"]["subscribe"] == 1


def test_who_gives_up_its_handshake_at_a_frozen_process_is_not_blamed_and_leaves_nothing() -> None:
    """Past the five seconds in which it should have subscribed, and past the look of its exchange at who is silent."""

    def counted(at: str) -> dict[str, Any]:
        with urlopen(f"http://{at}/control/counters", timeout=10) as answer:
            return dict(msgspec.json.decode(answer.read()))

    with simulating("--port", "0", "--speed", str(SPEED)) as (process, said):
        at = said.partition("http://")[2].partition(",")[0]
        os.kill(process.pid, signal.SIGSTOP)
        for path in ("coinbase", "binance_us/ws"):
            given_up(at, path)
        os.kill(process.pid, signal.SIGCONT)
        began = clock(at)
        while clock(at) < began + 10_000:
            pass
        seen = counted(at)
    assert {name: each["connections"] for name, each in seen.items()} == dict.fromkeys(seen, 0)
    assert [each["broken"] for each in seen.values()] == [{}, {}, {}]


def clock(at: str) -> int:
    """The simulator's time."""
    with urlopen(f"http://{at}/control/clock", timeout=10) as answer:
        return int(msgspec.json.decode(answer.read())["now"])

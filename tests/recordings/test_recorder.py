"""The recorder at work: what the client sees is what is kept, and it never waits for the disk."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import msgspec
import pytest

from perseus.exchanges.recordings.entries import (
    Answered,
    Asked,
    Control,
    Dropped,
    Ended,
    Heard,
    NotOpened,
    Opened,
    Sent,
    Unanswered,
)
from perseus.exchanges.recordings.recorder import RecordedTransport, Recorder, recorded
from perseus.exchanges.recordings.recording import Recording
from perseus.exchanges.recordings.ring import Keep, Ring
from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.exchanges.wire.transport import Answer, Closed, Ping, Socket, Text, TransportError
from perseus.simulator.faults.fault import Fault
from perseus.simulator.world import World
from tests.simulator.test_server import KLINES, over_sockets

FAULTS = (
    Fault("http_5xx", exchange="binance", count=1, after_ms=0, target="*klines"),
    Fault("handshake", exchange="binance", count=1, target="1"),
)


def test_all_of_the_wire_is_kept_byte_for_byte(tmp_path: Path) -> None:
    async def main(wire: AiohttpTransport, world: World, at: str) -> list[Any]:
        with recorded(wire, Keep(tmp_path, 10_000_000), "binance") as transport:
            for _ in range(2):
                answer = await transport.get(f"http://{at}/binance/api/v3/klines", KLINES, {}, 5)
            with pytest.raises(TransportError):
                await transport.connect(f"ws://{at}/binance/ws", 5)
            with pytest.raises(TransportError):
                await transport.get("http://127.0.0.1:1/", {}, {}, 5)
            socket = await transport.connect(f"ws://{at}/binance/ws", 5)
            await socket.send('{"method":"SUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}')
            frames: list[Any] = []
            while len(frames) < 12 or not any(isinstance(frame, Ping) for frame in frames):
                frames.append(await socket.receive())
            for frame in frames:
                if isinstance(frame, Ping):
                    await socket.pong(frame.payload)
            world.exchanges["binance"].sessions[2].end(1012, "restart")
            while not isinstance(frame := await socket.receive(), Closed):
                frames.append(frame)
            await socket.close()
        return [answer, *frames]

    answer, *frames = over_sockets(main, *FAULTS, speed=50)
    entries = list(Recording(tmp_path).entries())
    kept = [entry for entry in entries if isinstance(entry, Heard) or _is_ping(entry)]
    told = [frame.data if isinstance(frame, Text) else frame.payload for frame in frames]
    assert [entry.data if isinstance(entry, Heard) else entry.payload for entry in kept] == told
    assert any(isinstance(frame, Ping) for frame in frames)
    pongs = [entry.payload for entry in entries if isinstance(entry, Control) and entry.what == "our pong"]
    assert pongs[0] == next(frame.payload for frame in frames if isinstance(frame, Ping))
    statuses = [entry.status for entry in entries if isinstance(entry, Answered)]
    assert statuses == [502, 200]
    whole = [entry for entry in entries if isinstance(entry, Answered)][1]
    assert (whole.body, whole.headers) == (answer.body, dict(answer.headers))
    assert [entry.params for entry in entries if isinstance(entry, Asked)][:2] == [KLINES, KLINES]
    assert [entry.kind for entry in entries if isinstance(entry, Unanswered)] == ["refused"]
    assert [entry.status for entry in entries if isinstance(entry, NotOpened)] == [503]
    assert [entry.url.endswith("/binance/ws") for entry in entries if isinstance(entry, Opened)] == [True]
    assert [msgspec.json.decode(entry.text)["id"] for entry in entries if isinstance(entry, Sent)] == [1]
    assert [(entry.code, entry.reason, entry.is_ours) for entry in entries if isinstance(entry, Ended)] == [
        (1012, "restart", False)
    ]


def _is_ping(entry: object) -> TypeGuard[Control]:
    return isinstance(entry, Control) and entry.what == "ping"


def test_without_a_place_nothing_is_recorded_and_nothing_stands_between() -> None:
    wire = Never()
    with recorded(wire, Keep.within(Path("home"), "binance", 0), "binance") as transport:
        assert transport is wire
    assert Keep.within(Path("home"), "binance", 3) == Keep(Path("home/recordings/binance"), 3 * 1024 * 1024)


class Never:
    """An exchange that never answers."""

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async def connect(self, url: str, timeout: float) -> Socket:
        await asyncio.Event().wait()
        raise AssertionError


class StuckRing(Ring):
    """A disk that takes what it is given once it is `free`, and nothing while it `is_full`. `tried`: once a write."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 10_000_000, "binance", 1)
        self.is_full = False
        self.free = threading.Event()
        self.tried = threading.Semaphore(0)

    def write(self, entries: Any) -> None:
        self.tried.release()
        if self.is_full:
            raise OSError(28, "No space left on device")
        assert self.free.wait(10)
        super().write(entries)


def test_a_slow_disk_costs_entries_and_never_time_or_memory(tmp_path: Path) -> None:
    ring = StuckRing(tmp_path)
    recorder = Recorder(ring, most=10_000)
    recorder.note(Heard(0, 1, bytes(900)))
    assert ring.tried.acquire(timeout=10)
    began = time.perf_counter()
    for number in range(1, 2_000):
        recorder.note(Heard(number, 1, bytes(900)))
    assert time.perf_counter() - began < 0.4
    ring.free.set()
    assert ring.tried.acquire(timeout=10)
    recorder.note(Heard(2_000, 1, b"after"))
    recorder.close()
    entries = list(Recording(tmp_path).entries())
    kept = [entry for entry in entries if isinstance(entry, Heard)]
    assert len(kept) + sum(entry.count for entry in entries if isinstance(entry, Dropped)) == 2_001
    assert len(kept) < 30


def test_a_full_disk_is_told_once_and_recording_goes_on_when_it_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring = StuckRing(tmp_path)
    ring.is_full = True
    ring.free.set()
    recorder = Recorder(ring)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            recorder.note(Heard(number, 1, b"lost"))
            assert ring.tried.acquire(timeout=10)
        ring.is_full = False
        recorder.note(Heard(5, 1, b"kept"))
        recorder.close()
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Exchange traffic cannot be recorded",
        "Exchange traffic is recorded again.",
    ]
    entries = list(Recording(tmp_path).entries())
    assert [entry.count for entry in entries if isinstance(entry, Dropped)] == [5]
    assert [entry.data for entry in entries if isinstance(entry, Heard)] == [b"kept"]


def test_a_request_that_nobody_waits_for_any_more_is_told_as_that(tmp_path: Path) -> None:
    async def main() -> None:
        recorder = Recorder(Ring(tmp_path, 1_000_000, "binance", 1))
        asking = asyncio.create_task(RecordedTransport(Never(), recorder).get("http://x/", {}, {}, 1))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        recorder.close()

    asyncio.run(main())
    assert [entry.kind for entry in Recording(tmp_path).entries() if isinstance(entry, Unanswered)] == ["given up"]

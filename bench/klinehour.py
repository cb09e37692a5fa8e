"""`python -m bench.klinehour MINUTES`: our engine at full rate on virtual time, and the memory that it stays with.

500 symbols in five timeframes, and their tickers, each told anew every two seconds, without sockets and with a store
that only takes, and that answers nothing for 30 s in the middle. Prints the resident memory of each minute, in kB.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence

import fakeredis
import msgspec

from bench.interpreters import resident_kb
from bench.klineframes import PAIRS_OF, SPANS_MS, Frames, message, names, stream, ticker
from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.ledger import Ledger, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.recollection import Memory
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.streams.streams import Streams
from perseus.exchanges.wire.transport import Answer, Frame, Ping, Text
from perseus.ingest.engine.engine import Engine, Ports
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.engine.writer import Candles, Told
from perseus.market.candle import Pair
from perseus.market.coverage import Coverage
from perseus.market.ticker import Ticker
from perseus.market.timeframes import Timeframe
from perseus.warmup.progress import Owner
from perseus.warmup.reporter import Reporter
from perseus.warmup.store import WarmupStore
from tests.simulated.virtual_loop import run

HEAD = 4
"""Bytes before the message in a frame of the server; here there is no wire."""
CYCLE_SECONDS = 2.0
TURN_SECONDS = 0.1
STALL_SECONDS = 30.0
NO_ANSWER_SECONDS = 5.0
DEPTH = 3
EXCHANGE_ID = 9


class Wire:
    """A Transport without a wire. Its clock is the loop's, begun at the host's time."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._begin_ms, self._time = time.time_ns() // 1_000_000 - loop.time() * 1000, loop.time

    def now_ms(self) -> int:
        """The time here."""
        return round(self._begin_ms + self._time() * 1000)

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        """The little that is asked: no candle is ever in the past."""
        return Answer(200, {}, msgspec.json.encode(self._told(url)))

    def _told(self, url: str) -> object:
        if url.endswith("/time"):
            return {"serverTime": self.now_ms()}
        if url.endswith("/klines"):
            return []
        limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100_000_000}
        symbols = [
            {"symbol": f"{base}USDT", "status": "TRADING", "baseAsset": base, "quoteAsset": "USDT"}
            for base in names(PAIRS_OF)
        ]
        return {"rateLimits": [limit], "symbols": symbols}

    async def connect(self, url: str, timeout: float) -> Line:
        """Another connection."""
        return Line(self)


class Line:
    """A Socket that says each of its streams every two seconds, in turns."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._streams: list[str] = []
        self._frames = Frames(self._streams)
        self._waiting: deque[bytes] = deque()
        self._at = 0
        self._due = 0.0
        self._pinged = wire.now_ms()

    async def send(self, text: str) -> None:
        """Subscribed."""
        asked = msgspec.json.decode(text)
        self._streams += asked.get("params", [])
        listed = self._streams if asked["method"] == "LIST_SUBSCRIPTIONS" else None
        self._waiting.append(msgspec.json.encode({"result": listed, "id": asked["id"]}))

    async def receive(self) -> Frame:
        """The next one, at its time."""
        while not self._waiting:
            await asyncio.sleep(TURN_SECONDS)
            if self._wire.now_ms() - self._pinged > 20_000:
                self._pinged = self._wire.now_ms()
                return Ping(b"1")
            self._turn()
        return Text(self._waiting.popleft())

    def _turn(self) -> None:
        self._due += len(self._streams) * TURN_SECONDS / CYCLE_SECONDS
        while self._at < self._due:
            name = self._streams[self._at % len(self._streams)]
            self._at += 1
            if name.endswith("@miniTicker"):
                self._waiting.append(ticker(name, self._wire.now_ms(), self._at))
            else:
                self._waiting += (frame[HEAD:] for frame in self._frames.now(name, self._wire.now_ms()))

    async def pong(self, payload: bytes) -> None:
        """Taken."""

    async def close(self, code: int = 1000) -> None:
        """Closed."""


class Sink:
    """A store that takes everything and keeps no candle. `away_until`: loop time until which it does not answer."""

    def __init__(self) -> None:
        self.away_until = 0.0
        self.taken = 0
        self.coverage: dict[Pair, Coverage] = {}

    async def store(
        self, candles: Candles, live: bool, coverage: Mapping[Pair, Coverage], told: Told
    ) -> tuple[Pair, ...]:
        """Taken."""
        if asyncio.get_running_loop().time() < self.away_until:
            await asyncio.sleep(NO_ANSWER_SECONDS)
            raise StoreUnavailable("the store of this measurement", "it is stalled")
        self.taken += sum(map(len, candles.values()))
        self.coverage.update(coverage)
        return ()

    async def store_tickers(self, tickers: Sequence[Ticker]) -> None:
        """Taken."""

    async def claim(self, pairs: Sequence[Pair]) -> None:
        """Nothing was there before."""

    async def coverages(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        """As it was told."""
        return {pair: self.coverage.get(pair, Coverage()) for pair in pairs}


async def hour(minutes: int) -> dict[str, object]:
    """Memory by the minute, the most that ever waited, messages."""
    loop, wire, sink = asyncio.get_running_loop(), Wire(), Sink()
    dialect, clock = dialect_of("binance"), ExchangeClock(loop.time)
    clock.suppose(wire.now_ms())
    redis = fakeredis.FakeRedis(decode_responses=True)
    ledger = Ledger(redis, EXCHANGE_ID, "bench", dialect.first_limits, clock, inline)
    rest = Rest(wire, ledger, clock, dialect, "sim://wire")
    wanted = Wanted(tuple(f"{base}USDT" for base in names(PAIRS_OF)), tuple(map(Timeframe.parse, SPANS_MS)), DEPTH)

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    memory = Memory(redis, EXCHANGE_ID, "sim://wire", inline, wire.now_ms)
    reporter = Reporter(WarmupStore(redis, EXCHANGE_ID, "1"), inline, say)
    owner = Owner(EXCHANGE_ID, "binance", "bench")
    engine = Engine(Ports(dialect, clock, ledger, rest, sink, memory, reporter, owner), wanted, say)
    await engine.ready()
    streams, warm = Streams(dialect, wire, "sim://wire", engine, clock, random.Random(1)), asyncio.Event()
    running = asyncio.create_task(engine.run(streams, warm))
    await warm.wait()
    resident, waited = [], 0
    for minute in range(minutes):
        if minute == minutes // 2:
            sink.away_until = loop.time() + STALL_SECONDS
        for _ in range(60):
            await asyncio.sleep(1)
            waited = max(waited, engine.writer.waiting)
        gc.collect()
        resident.append(resident_kb(os.getpid()))
    running.cancel()
    assert engine.writer.written > engine.messages // 2, "most was not written"
    return {"resident": resident, "waited": waited, "messages": engine.messages, "stalledAt": minutes // 2}


def main() -> None:
    """Take an hour in, and print what came of it as JSON."""
    assert len(message(stream("C000", "1m"), 0, 0, 0, is_closed=False)) > 125, "a frame has a head of four bytes"
    minutes = int(sys.argv[1])
    print(json.dumps(run(lambda: hour(minutes))))


if __name__ == "__main__":
    main()

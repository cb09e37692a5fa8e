"""`python -m bench.klinetaker PLACE REDIS SYMBOLS TIMEFRAMES ASKED`: our real stack, at the server of frames.

ASKED `blast=N`: N frames of each pair as fast as they are taken; `pace=N`: N seconds at the pace of an exchange.
A PLACE after `s:` is reached by TLS. Prints what was used.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bench.klineframes import names
from bench.klinehour import DEPTH, EXCHANGE_ID
from perseus.exchanges.budget.ledger import Ledger
from perseus.exchanges.budget.sharedgate import SharedGate
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.recollection import Memory
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.streams.streams import Streams
from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.ingest.engine.cacheport import CachePort, StoreThread
from perseus.ingest.engine.engine import Engine, Ports
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.engine.writer import Candles, Told
from perseus.market.cache import CandleCache
from perseus.market.candle import Pair
from perseus.market.coverage import Coverage
from perseus.market.tickercache import TickerCache
from perseus.market.timeframes import Timeframe
from perseus.store import connect
from perseus.warmup.progress import Owner
from perseus.warmup.reporter import Reporter
from perseus.warmup.store import WarmupStore

LOOK_SECONDS = 0.02


class Timed(CachePort):
    """Notes how long after its event each state was in the store; server and taker share a clock."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.late_ms: list[int] = []
        self.states = 0

    async def store(
        self, candles: Candles, live: bool, coverage: Mapping[Pair, Coverage], told: Told
    ) -> Collection[Pair]:
        """As CachePort does."""
        lost = await super().store(candles, live, coverage, told)
        now_ms = time.time_ns() // 1_000_000
        late = [now_ms - candle.event_ms for states in candles.values() for candle in states]
        self.states += len(late)
        self.late_ms += late
        return lost


async def take(place: str, store_url: str, symbols: Sequence[str], timeframes: Sequence[str], asked: str) -> object:
    """What was used, from asking for the frames until the last state was in the store."""
    call, loop = StoreThread(), asyncio.get_running_loop()
    mark, name = "s" if place.startswith("s:") else "", place.removeprefix("s:")
    rest_url, ws_url = f"http{mark}://{name}", f"ws{mark}://{name}"
    async with AiohttpTransport() as transport:
        dialect, clock = dialect_of("binance"), ExchangeClock(loop.time)
        client = connect(store_url, timeout=10, name="bench")
        ledger = Ledger(client, EXCHANGE_ID, "bench", dialect.first_limits, clock, call)
        rest = Rest(transport, ledger, clock, dialect, rest_url)
        written = client, EXCHANGE_ID, "1"
        cache = Timed(CandleCache(*written), TickerCache(*written), call, print)
        wanted = Wanted(tuple(symbols), tuple(map(Timeframe.parse, timeframes)), DEPTH)
        memory = Memory(client, EXCHANGE_ID, rest_url, call)
        reporter, owner = Reporter(WarmupStore(*written), call, _say), Owner(EXCHANGE_ID, "binance", "bench")
        engine = Engine(Ports(dialect, clock, ledger, rest, cache, memory, reporter, owner), wanted, _say)
        await engine.ready()
        streams = Streams(dialect, transport, ws_url, engine, clock, random.Random(1), SharedGate(ledger, rest))
        warm = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            run = group.create_task(engine.run(streams, warm))
            await warm.wait()
            found = await _measured(transport, rest_url, asked, (engine, cache))
            run.cancel()
    call.close()
    return found


async def _measured(transport: AiohttpTransport, rest_url: str, asked: str, on: tuple[Engine, Timed]) -> object:
    engine, cache = on
    cache.late_ms.clear()
    before, states = engine.messages, cache.states
    cpu, began = time.process_time(), time.monotonic()
    path, _, number = asked.partition("=")
    key = "updates" if path == "blast" else "seconds"
    await transport.get(f"{rest_url}/{path}", {key: number}, {}, 10)
    if path == "blast":
        expected = int(number) * len(engine.pairs)
        while engine.messages - before < expected:
            await asyncio.sleep(LOOK_SECONDS)
        await engine.writer.drained()
    else:
        await asyncio.sleep(float(number))
    cpu, seconds = time.process_time() - cpu, time.monotonic() - began
    late = sorted(cache.late_ms)
    return {
        "messages": engine.messages - before,
        "states": cache.states - states,
        "cpu": cpu,
        "seconds": seconds,
        "p50": late[len(late) // 2],
        "p99": late[len(late) * 99 // 100],
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    """Take, and print what came of it as JSON."""
    place, store_url, count, timeframes, asked = sys.argv[1:6]
    symbols = [f"{base}USDT" for base in names(int(count))]
    print(json.dumps(asyncio.run(take(place, store_url, symbols, timeframes.split(","), asked))))


if __name__ == "__main__":
    main()

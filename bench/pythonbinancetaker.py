"""`pythonbinancetaker.py HTTP TLS REDIS_PORT SYMBOLS TIMEFRAMES UPDATES`: python-binance at the server of frames.

Runs in build/python-binance. It has no way to a store, so it gets the cheapest there is: the newest state of each
candle, twenty times a second, one HSET a pair in one pipeline; and a queue that never overflows, for with its own of
100 it ends. REDIS_PORT 0: no further than the user's loop. Prints what it used.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request

import redis.asyncio
from binance import AsyncClient, BinanceSocketManager

QUEUE = 100_000_000
FLUSH_SECONDS = 0.05


class Taker:
    """Keeps the newest states and writes them."""

    def __init__(self, redis_port: int) -> None:
        self.count = 0
        self._newest: dict = {}
        self._store = redis.asyncio.Redis(port=redis_port) if redis_port else None

    async def take(self, socket: object, expected: int) -> None:
        """So many messages."""
        async with socket as stream:
            while self.count < expected:
                kline = (await stream.recv())["data"]["k"]
                self.count += 1
                self._newest[kline["s"], kline["i"], kline["t"]] = kline

    async def write_on(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """What waits, in one pipeline."""
        newest, self._newest = self._newest, {}
        if self._store is None or not newest:
            return
        pairs: dict = {}
        for (symbol, interval, opened), kline in newest.items():
            pairs.setdefault(f"{symbol}:{interval}", {})[opened] = json.dumps(kline)
        async with self._store.pipeline(transaction=False) as pipe:
            for key, candles in pairs.items():
                pipe.hset(key, mapping=candles)
            await pipe.execute()


async def measured(http: str, redis_port: int, streams: list, updates: int) -> object:
    """What it used."""
    BinanceSocketManager.STREAM_URL = f"ws://{http}/"
    manager = BinanceSocketManager(AsyncClient(), max_queue_size=QUEUE)
    taker = Taker(redis_port)
    taking = asyncio.create_task(taker.take(manager.multiplex_socket(streams), updates * len(streams)))
    while await asyncio.to_thread(_asked, http, "streams") < len(streams):
        await asyncio.sleep(0.2)
    cpu = time.process_time()
    writing = asyncio.create_task(taker.write_on())
    await asyncio.to_thread(_asked, http, f"blast?updates={updates}")
    await taking
    writing.cancel()
    await taker.flush()
    return {"messages": taker.count, "cpu": time.process_time() - cpu}


def _asked(http: str, path: str) -> int:
    with urllib.request.urlopen(f"http://{http}/{path}", timeout=10) as answer:
        told = json.load(answer)
    return told if isinstance(told, int) else 0


if __name__ == "__main__":
    host, _, port, symbols, timeframes, each = sys.argv[1:7]
    wanted = [f"c{number:03d}usdt@kline_{one}" for one in timeframes.split(",") for number in range(int(symbols))]
    print(json.dumps(asyncio.run(measured(host, int(port), wanted, int(each)))), flush=True)

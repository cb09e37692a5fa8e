"""`cryptofeedtaker.py HTTP TLS REDIS_PORT SYMBOLS TIMEFRAMES UPDATES`: cryptofeed at the server of frames, into Redis.

Runs in build/cryptofeed. Its own feeds, its own Redis backend, set up as its documents say; it insists on TLS.
REDIS_PORT 0: to a callback that counts, and no further. Prints what it used.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
import urllib.request

from cryptofeed import FeedHandler
from cryptofeed.backends.redis import CandlesRedis
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import CANDLES
from cryptofeed.exchanges import Binance


class Counting(CandlesRedis):
    """Its backend, which counts what it is given."""

    count = 0

    async def write(self, data: dict) -> None:
        Counting.count += 1
        await super().write(data)


async def counted(candle: object, receipt: float) -> None:
    """The least that a user's callback can do."""
    Counting.count += 1


def main() -> None:
    """Take, and print what came of it as JSON."""
    http, tls, redis_port, count, timeframes, updates = sys.argv[1:7]
    context = ssl.create_default_context()
    Binance.websocket_endpoints = [WebsocketEndpoint(f"wss://{tls}", options={"ssl": context})]
    Binance.rest_endpoints = [RestEndpoint(f"http://{http}", routes=Routes("/api/v3/exchangeInfo"))]
    handler = FeedHandler(config={"uvloop": True, "log": {"disabled": True, "filename": "", "level": "WARNING"}})
    symbols = [f"C{number:03d}-USDT" for number in range(int(count))]
    backends = []
    for timeframe in timeframes.split(","):
        backend = Counting(host="127.0.0.1", port=int(redis_port)) if int(redis_port) else counted
        backends.append(backend)
        handler.add_feed(
            Binance(
                symbols=symbols,
                channels=[CANDLES],
                candle_interval=timeframe,
                candle_closed_only=False,
                callbacks={CANDLES: backend},
            )
        )
    expected = int(updates) * int(count) * len(backends)
    handler.run(start_loop=False)
    loop = asyncio.get_event_loop()
    print(json.dumps(loop.run_until_complete(_measured(http, backends, expected, updates))), flush=True)


async def _measured(http: str, backends: list, expected: int, updates: str) -> object:
    streams = expected // int(updates)
    while _asked(http, "streams") < streams:
        await asyncio.sleep(0.2)
    cpu = time.process_time()
    _asked(http, f"blast?updates={updates}")
    while Counting.count < expected:
        await asyncio.sleep(0.02)
    for backend in backends:
        while getattr(getattr(backend, "queue", None), "_unfinished_tasks", 0):
            await asyncio.sleep(0.005)
    return {"messages": Counting.count, "cpu": time.process_time() - cpu}


def _asked(http: str, path: str) -> int:
    with urllib.request.urlopen(f"http://{http}/{path}", timeout=10) as answer:
        told = json.load(answer)
    return told if isinstance(told, int) else 0


if __name__ == "__main__":
    main()

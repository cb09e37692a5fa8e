"""python-binance at a simulator: see README.md."""

from __future__ import annotations

import asyncio
import json
import sys

from binance import AsyncClient, BinanceSocketManager

CANDLES = 3


async def main(place: str) -> dict:
    """What it read."""
    client = AsyncClient()
    client.API_URL = f"http://{place}/binance/api"
    BinanceSocketManager.STREAM_URL = f"ws://{place}/binance/"
    try:
        rows = await client.get_klines(symbol="BTCUSDT", interval="1m", limit=1000)
        manager = BinanceSocketManager(client)
        raw = await streamed(manager.kline_socket("BTCUSDT", "1m"), lambda message: message)
        both = ["btcusdt@kline_1m", "ethusdt@kline_1m"]
        joined = await streamed(manager.multiplex_socket(both), lambda message: message["data"])
    finally:
        await client.close_connection()
    return {"history": {row[0]: row[1:6] for row in rows[:-1]}, "streamed": raw | joined}


async def streamed(socket: object, event_of: object) -> dict:
    """Finished candles of BTCUSDT."""
    kept: dict = {}
    async with socket as stream:
        while len(kept) < CANDLES:
            event = event_of(await stream.recv())
            kline = event["k"]
            if event["s"] == "BTCUSDT" and kline["x"]:
                kept[kline["t"]] = [kline[name] for name in "ohlcv"]
    return kept


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1]))))

"""cryptofeed at a simulator: see README.md. It asks for no history; its streams insist on TLS."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys

from cryptofeed import FeedHandler
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import CANDLES
from cryptofeed.exchanges import Binance

ENOUGH = 3
kept: dict = {}


async def took(candle: object, receipt: float) -> None:
    """One finished candle."""
    kept[round(candle.start * 1000)] = [
        str(part) for part in (candle.open, candle.high, candle.low, candle.close, candle.volume)
    ]


async def until_enough() -> None:
    """Have so many."""
    while len(kept) < ENOUGH:
        await asyncio.sleep(0.1)


def main(place: str, tls_place: str) -> dict:
    """What it read."""
    options = {"ssl": ssl.create_default_context()}
    Binance.websocket_endpoints = [WebsocketEndpoint(f"wss://{tls_place}/binance", options=options)]
    Binance.rest_endpoints = [RestEndpoint(f"http://{place}/binance", routes=Routes("/api/v3/exchangeInfo"))]
    handler = FeedHandler(config={"uvloop": False, "log": {"disabled": True, "filename": "", "level": "WARNING"}})
    handler.add_feed(
        Binance(symbols=["BTC-USDT"], channels=[CANDLES], candle_closed_only=True, callbacks={CANDLES: took})
    )
    handler.run(start_loop=False)
    asyncio.get_event_loop().run_until_complete(until_enough())
    return {"history": {}, "streamed": kept}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])), flush=True)

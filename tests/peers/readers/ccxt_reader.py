"""ccxt.pro at a simulator: see README.md."""

from __future__ import annotations

import asyncio
import json
import sys

import ccxt.pro

CANDLES = 3


def redirected(said: object, place: str) -> object:
    """Every address of Binance, at the simulator."""
    if isinstance(said, dict):
        return {name: redirected(one, place) for name, one in said.items()}
    return f"http://{place}/binance/api/{said.rsplit('/api/', 1)[1]}" if "/api/" in str(said) else said


async def main(place: str) -> dict:
    """What it read."""
    options = {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}}
    exchange = ccxt.pro.binance({"options": options})
    exchange.urls["api"] = redirected(exchange.urls["api"], place)
    exchange.urls["api"]["ws"]["spot"] = f"ws://{place}/binance/ws"
    try:
        await exchange.load_markets()
        history = await exchange.fetch_ohlcv("BTC/USDT", "1m", limit=1000)
        kept: dict = {}
        while len(kept) <= CANDLES:
            for row in await exchange.watch_ohlcv("BTC/USDT", "1m"):
                kept[row[0]] = row[1:6]
            kept.update((row[0], row[1:6]) for row in exchange.ohlcvs["BTC/USDT"]["1m"])
    finally:
        await exchange.close()
    return {
        "history": {row[0]: row[1:6] for row in history[:-1]},
        "streamed": {at: kept[at] for at in sorted(kept)[:-1]},
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1]))))

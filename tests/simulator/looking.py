"""Ways to look at what a fault does."""

from __future__ import annotations

from typing import Any

import msgspec

from perseus.simulator.faults.fault import Fault
from perseus.simulator.session import Session
from perseus.simulator.wire import Reply
from tests.simulator.conftest import START_MS, Bench, pongs, told

MINUTE = 60_000
FLOOR = START_MS - START_MS % MINUTE
STREAM = "btcusdt@kline_1m"
KLINES = {"symbol": "BTCUSDT", "interval": "1m", "limit": 5}
CANDLES = "/api/v3/brokerage/market/products/BTC-USD/candles"


def one(name: str, **params: Any) -> Fault:
    return Fault(name, count=1, params=params)


def klines(bench: Bench, **params: object) -> Reply:
    return bench.get("/api/v3/klines", **{**KLINES, **params})


def rows(bench: Bench, **params: object) -> list[Any]:
    found: list[Any] = msgspec.json.decode(klines(bench, **params).body)
    return found


def heard(bench: Bench, session: Session, seconds: float) -> list[Any]:
    found = []
    for _ in range(int(seconds)):
        bench.wait(1)
        pongs(session)
        found += told(session)
    return found


def closes(messages: list[Any]) -> list[Any]:
    return [message for message in messages if message.get("e") == "kline" and message["k"]["x"]]


def coinbase(bench: Bench, *channels: str) -> Session:
    session = bench.open("/", "coinbase")
    for channel in channels:
        named = {} if channel == "heartbeats" else {"product_ids": ["BTC-USD"]}
        bench.say(session, {"type": "subscribe", "channel": channel, **named})
    return session

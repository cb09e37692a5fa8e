"""Streams on a scripted exchange, with all that they told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from dataclasses import replace

from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.events import CandleEvent, Heard, Subject
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.streams.streams import Streams
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from tests.simulated.virtual_loop import VirtualLoop
from tests.streams.exchange import ScriptedExchange, ScriptedSocket, binance, coinbase, exchange_ms


class Told:
    """A Listener that keeps what it was told, each with the loop's time."""

    def __init__(self) -> None:
        self.events: list[Heard] = []
        self.doubts: list[tuple[float, set[Subject], int, str]] = []
        self.lives: list[tuple[float, set[Subject], int]] = []
        self.troubles: list[str] = []

    def on_event(self, event: Heard) -> None:
        self.events.append(event)

    def on_doubt(self, subjects: Collection[Subject], since_ms: int, why: str) -> None:
        self.doubts.append((_now(), set(subjects), since_ms, why))

    def on_live(self, subjects: Collection[Subject], from_ms: int) -> None:
        self.lives.append((_now(), set(subjects), from_ms))

    def on_trouble(self, text: str) -> None:
        self.troubles.append(text)

    @property
    def candles(self) -> list[CandleEvent]:
        return [event for event in self.events if isinstance(event, CandleEvent)]


class Stage:
    """An exchange, streams to it, and what they told. To be made on a virtual loop."""

    def __init__(self, name: str = "binance", seed: int = 1, most: int = 400) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.exchange = ScriptedExchange(coinbase if name == "coinbase" else binance)
        self.told = Told()
        self.clock = ExchangeClock(self.loop.time)
        self.clock.heard(exchange_ms(), self.loop.time())
        self.dialect = dialect_of(name)
        self.dialect.rules = replace(self.dialect.rules, streams=most)
        self.streams = Streams(self.dialect, self.exchange, "wss://it", self.told, self.clock, random.Random(seed))

    def start(self, *names: str, tickers: Collection[str] = (), **aliases: str) -> None:
        """Names such as `BTCUSDT 1m`."""
        self.streams.start(pairs(*names), tickers, aliases)

    @property
    def socket(self) -> ScriptedSocket:
        """The latest."""
        return self.exchange.sockets[-1]


def pair(name: str) -> Pair:
    symbol, timeframe = name.split()
    return Pair(symbol, Timeframe.parse(timeframe))


def pairs(*names: str) -> set[Pair]:
    return {pair(name) for name in names}


def _now() -> float:
    return asyncio.get_running_loop().time()

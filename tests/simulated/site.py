"""An engine at work on simulated exchanges, on virtual time, with a cache in memory: whole days in seconds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal

import fakeredis

from perseus.errors import StoreUnavailable
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.ledger import Ledger, inline
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.sharedgate import SharedGate
from perseus.exchanges.streams import Streams
from perseus.ingest.engine import Engine, Ports
from perseus.ingest.wanted import Wanted
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.market.precedence import change
from perseus.market.ticker import Ticker
from perseus.market.timeframes import Timeframe
from perseus.simulator.bar import Bar
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults import Fault
from perseus.simulator.inprocess import BASE, InProcess
from perseus.simulator.world import World

START_MS = 1_790_000_000_000 - 1_790_000_000_000 % 86_400_000 + 9 * 3_600_000
EXCHANGE_ID = 7
KEEP = 999


@dataclass
class MemoryCache:
    """The rules of the cache without a store. `is_away`: nothing can be written or read."""

    candles: dict[Pair, dict[int, Candle]] = field(default_factory=dict)
    coverage: dict[Pair, Coverage] = field(default_factory=dict)
    tickers: dict[str, Ticker] = field(default_factory=dict)
    published: list[tuple[Pair, Candle]] = field(default_factory=list)
    is_away: bool = False

    async def store(
        self, candles: Mapping[Pair, Sequence[Candle]], live: bool, coverage: Mapping[Pair, Coverage]
    ) -> None:
        self._require()
        for pair, states in candles.items():
            known = self.candles.setdefault(pair, {})
            for state in states:
                old = known.get(state.open_ms)
                if change(old, state).is_written:
                    known[state.open_ms] = state
                    if live and state.is_closed and not (old and old.is_closed):
                        self.published.append((pair, state))
        self.coverage.update(coverage)

    async def store_tickers(self, tickers: Sequence[Ticker]) -> None:
        self._require()
        self.tickers.update((ticker.symbol, ticker) for ticker in tickers)

    async def coverages(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        self._require()
        return {pair: self.coverage.get(pair, Coverage()) for pair in pairs}

    def _require(self) -> None:
        if self.is_away:
            raise StoreUnavailable("memory", "it is away")


class Site:
    """One exchange, simulated, and one engine that takes it in. Use it as an async context manager."""

    def __init__(
        self,
        name: str,
        symbols: Sequence[str],
        timeframes: Sequence[str],
        seed: str = "site",
        faults: Sequence[Fault] = (),
        bases: tuple[str, ...] = ("BTC", "ETH", "SOL"),
    ) -> None:
        time = asyncio.get_running_loop().time
        self.name = name
        self.world = World(VirtualClock(time, START_MS), seed, faults, bases)
        self.exchange = self.world.exchanges[name]
        self.cache = MemoryCache()
        self.said: list[str] = []
        self.wanted = Wanted(tuple(symbols), tuple(map(Timeframe.parse, timeframes)))
        self._seed = seed
        self._redis = fakeredis.FakeRedis(decode_responses=True)
        self._stack = AsyncExitStack()
        self._net = InProcess(self.world, seed=f"{seed} net")
        self.run: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Site:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        self._net.driver.stop()

    async def start(self) -> None:
        """As a process begins: with what the cache has."""
        dialect = dialect_of(self.name)
        self.clock = ExchangeClock(asyncio.get_running_loop().time)
        self.clock.suppose(self.world.clock.now_ms())  # the store's clock would be that of today
        ledger = Ledger(self._redis, EXCHANGE_ID, "here", dialect.first_limits, self.clock, inline)
        rest = Rest(self._net, ledger, self.clock, dialect, f"{BASE}/{self.name}", random.Random(self._seed).random)
        self.engine = Engine(Ports(dialect, self.clock, ledger, rest, self.cache), self.wanted, self.said.append)
        await self.engine.ready()
        ws_url = f"{BASE}/{self.name}"
        gate = SharedGate(ledger, rest)
        streams = Streams(dialect, self._net, ws_url, self.engine, self.clock, random.Random(self._seed), gate)
        warm = asyncio.Event()
        self.run = asyncio.create_task(self.engine.run(streams, warm))
        waiting = asyncio.create_task(warm.wait())
        await asyncio.wait({self.run, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.run.done():
            self.run.result()

    async def stop(self) -> None:
        """As a process ends."""
        if self.run is not None:
            self.run.cancel()
            await asyncio.gather(self.run, return_exceptions=True)

    async def pass_time(self, seconds: float) -> None:
        """Let it work; what ended the engine is raised."""
        await asyncio.sleep(seconds)
        if self.run is not None and self.run.done():
            self.run.result()

    def differences(self, settled_seconds: float = 30.0) -> list[str]:
        """Where the cache is not what the exchange has, of all that ended longer than `settled_seconds` ago."""
        found: list[str] = []
        until_ms = self.world.clock.now_ms() - round(settled_seconds * 1000)
        for pair in self.engine.pairs:
            found += self._of_pair(pair, until_ms)
        return found

    def _of_pair(self, pair: Pair, until_ms: int) -> list[str]:
        timeframe = pair.timeframe
        end_ms = timeframe.open_of(until_ms)
        depth = min(KEEP, dialect_of(self.name).history_limit)
        first_ms = timeframe.shift(end_ms, -depth)
        truth = {
            known.bar.open_ms: known
            for known in self.exchange.truth.known(pair.symbol, timeframe.name, first_ms, end_ms - 1)
            if known.is_closed
        }
        cached = {at: one for at, one in self.cache.candles.get(pair, {}).items() if first_ms <= at < end_ms}
        found = [f"{pair} {at}: missing" for at, known in truth.items() if known.must and at not in cached]
        found += [f"{pair} {at}: made up" for at in cached if at not in truth]
        for at, candle in cached.items():
            if at in truth and (why := _unlike(candle, truth[at].bar)):
                found.append(f"{pair} {at}: {why}")
        return found


def _unlike(candle: Candle, bar: Bar) -> str:
    if not candle.is_closed:
        return "still open"
    unit = Decimal(10**8)
    numbers = ("open", "high", "low", "close", "volume")
    wrong = [name for name in numbers if Decimal(getattr(candle, name)) * unit != getattr(bar, name)]
    return f"wrong {', '.join(wrong)}: {candle} is not {bar}" if wrong else ""

"""An engine at work on simulated exchanges, on virtual time, with a cache in memory: whole days in seconds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import fakeredis

from perseus.exchanges.budget.ledger import Ledger, inline
from perseus.exchanges.budget.sharedgate import SharedGate
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.recollection import Memory
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.streams.streams import Streams
from perseus.ingest.engine.engine import Engine, Ports
from perseus.ingest.engine.wanted import DEPTH, Wanted
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.inprocess import BASE, InProcess
from perseus.simulator.world import World
from perseus.warmup.progress import Owner
from perseus.warmup.reporter import Reporter
from perseus.warmup.store import WarmupStore
from tests.simulated.hostile import Between
from tests.simulated.judging import judged
from tests.simulated.memory import MemoryCache

START_MS = 1_790_000_000_000 - 1_790_000_000_000 % 86_400_000 + 9 * 3_600_000
EXCHANGE_ID = 7
SETTLED_SECONDS = 30.0
QUIET_SECONDS, QUIET_LOOKS = 1.0, 4


class Site:
    """One exchange, simulated, and one engine that takes it in. Use it as an async context manager.

    `world`, `redis`: shared with another site, which is another process then.
    """

    def __init__(
        self,
        name: str,
        symbols: Sequence[str],
        timeframes: Sequence[str],
        seed: str = "site",
        faults: Sequence[Fault] = (),
        bases: tuple[str, ...] = ("BTC", "ETH", "SOL"),
        world: World | None = None,
        redis: fakeredis.FakeRedis | None = None,
        depth: int = DEPTH,
    ) -> None:
        time = asyncio.get_running_loop().time
        self.name = name
        self.world = world or World(VirtualClock(time, START_MS), seed, faults, bases)
        self.exchange = self.world.exchanges[name]
        self.cache = MemoryCache()
        self.said: list[str] = []
        self.wanted = Wanted(tuple(symbols), tuple(map(Timeframe.parse, timeframes)), depth)
        self.redis = redis or fakeredis.FakeRedis(decode_responses=True)
        self.run: asyncio.Task[None] | None = None
        self.token = "1"
        self.store_ahead_ms = 0
        self.warm = asyncio.Event()
        self._chance = random.Random(seed)
        self.net = self._net = Between(InProcess(self.world, seed=f"{seed} net"))

    async def __aenter__(self) -> Site:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        self._net.driver.stop()

    async def start(self) -> None:
        """As a process begins: with what the cache has. Returns when it is warm."""
        await self.begin()
        assert self.run
        waiting = asyncio.create_task(self.warm.wait())
        await asyncio.wait({self.run, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._raise()

    async def begin(self) -> None:
        """The same without waiting for more than the exchange's first answers. Raises what `Engine.ready` does."""
        dialect = dialect_of(self.name)
        self.clock = ExchangeClock(asyncio.get_running_loop().time)
        self.clock.suppose(self.world.clock.now_ms())  # the store's clock would be that of today
        ledger = Ledger(self.redis, EXCHANGE_ID, "here", dialect.first_limits, self.clock, inline)
        chance, url = self._chance, f"{BASE}/{self.name}"
        rest = Rest(self._net, ledger, self.clock, dialect, url, chance.random)
        memory = Memory(self.redis, EXCHANGE_ID, url, inline, lambda: self.world.clock.now_ms() + self.store_ahead_ms)
        owner = Owner(EXCHANGE_ID, self.name, f"instance {self.token}")
        ports = Ports(dialect, self.clock, ledger, rest, self.cache, memory, self.reporter_of(), owner)
        self.engine = Engine(ports, self.wanted, self.said.append, chance.random)
        await self.engine.ready()
        gate = SharedGate(ledger, rest)
        streams = Streams(dialect, self._net, url, self.engine, self.clock, chance, gate, rest)
        self.warm = asyncio.Event()
        self.run = asyncio.create_task(self.engine.run(streams, self.warm))

    def reporter_of(self) -> Reporter:
        """Of this process."""
        return Reporter(WarmupStore(self.redis, EXCHANGE_ID, self.token), inline, self.said.append)

    async def stop(self) -> None:
        """As a process ends."""
        if self.run is not None:
            self.run.cancel()
            await asyncio.gather(self.run, return_exceptions=True)
            self.run = None

    async def pass_time(self, seconds: float) -> None:
        """Let it work; what ended the engine is raised."""
        await asyncio.sleep(seconds)
        self._raise()

    async def pass_until_quiet(self, longest: float = 24 * 3_600) -> None:
        """Let it work until what is judged has settled and nothing has been missing for a second."""
        time = asyncio.get_running_loop().time
        end = time() + longest
        await self.pass_time(2 * SETTLED_SECONDS)
        while not await self._stays_whole() and time() < end:
            await self.pass_time(SETTLED_SECONDS / 4)

    async def _stays_whole(self) -> bool:
        for _ in range(QUIET_LOOKS):
            if self.engine.lacking():
                return False
            await self.pass_time(QUIET_SECONDS / QUIET_LOOKS)
        return not self.engine.lacking()

    def differences(self, settled_seconds: float = SETTLED_SECONDS) -> list[str]:
        """Where the cache is not what the exchange has, of all that ended longer than `settled_seconds` ago."""
        now_ms = self.world.clock.now_ms()
        until_ms = now_ms - round(settled_seconds * 1000)
        depth = min(self.wanted.depth, dialect_of(self.name).history_limit)
        return [
            line for pair in self.pairs() for line in judged(self.exchange, self.cache, pair, depth, until_ms, now_ms)
        ]

    def untold(self, since_ms: int, settled_seconds: float = SETTLED_SECONDS) -> list[str]:
        """Candles that ended after `since_ms`, are still to be complete and were not published just once."""
        now_ms = self.world.clock.now_ms()
        until_ms = now_ms - round(settled_seconds * 1000)
        depth = min(self.wanted.depth, dialect_of(self.name).history_limit)
        found = []
        for pair in self.pairs():
            frame = pair.timeframe
            first = max(frame.open_of(since_ms), frame.shift(frame.open_of(now_ms), -depth))
            for known in self.exchange.truth.known(pair.symbol, frame.name, first, frame.open_of(until_ms) - 1):
                times = self.cache.told[pair, known.bar.open_ms]
                if times > 1 or (times < 1 and known.must and not self.exchange.truth.markets[pair.symbol].is_gone):
                    found.append(f"{pair} {known.bar.open_ms}: published {times} times")
        return found

    def pairs(self) -> tuple[Pair, ...]:
        """Those that are taken in."""
        return self.engine.pairs

    def calls(self) -> int:
        """Requests for history that the exchange has seen."""
        seen = self.exchange.counters.seen
        return sum(count for path, count in seen.items() if path.endswith(("/klines", "/candles")))

    def _raise(self) -> None:
        if self.run is not None and self.run.done():
            self.run.result()

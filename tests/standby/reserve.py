"""A standby on a simulated exchange, on virtual time, beside a primary: what `ShadowFeed` and `ExchangeFeed` do."""

from __future__ import annotations

import asyncio

from perseus.exchanges.budget.ledger import Ledger, inline
from perseus.exchanges.budget.sharedgate import SharedGate
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.recollection import Memory
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.streams.streams import Streams
from perseus.ingest.engine.acquaintance import Acquaintance
from perseus.ingest.engine.engine import Engine, Ports
from perseus.ingest.engine.timekeeper import Timekeeper
from perseus.ingest.standby.shadow import Shadow
from perseus.ingest.wire import Relay
from perseus.simulator.inprocess import BASE
from perseus.warmup.progress import Owner
from tests.simulated.site import EXCHANGE_ID, Site


class Reserve(Site):
    """The second process of a primary's exchange, store and cache."""

    shadow: Shadow

    @classmethod
    def of(cls, primary: Site) -> Reserve:
        frames = [frame.name for frame in primary.wanted.timeframes]
        reserve = cls(primary.name, primary.wanted.symbols, frames, "reserve", world=primary.world, redis=primary.redis)
        reserve.cache, reserve.token = primary.cache, "2"
        return reserve

    async def stand_by(self) -> None:
        """Until each stream was subscribed to."""
        dialect, url = dialect_of(self.name), f"{BASE}/{self.name}"
        self.clock = ExchangeClock(asyncio.get_running_loop().time)
        self.clock.suppose(self.world.clock.now_ms())
        ledger = Ledger(self.redis, EXCHANGE_ID, "here", dialect.first_limits, self.clock, inline)
        rest = Rest(self._net, ledger, self.clock, dialect, url, self._chance.random)
        memory = Memory(self.redis, EXCHANGE_ID, url, inline, self.world.clock.now_ms)
        owner = Owner(EXCHANGE_ID, self.name, "instance 2")
        self.ports = Ports(dialect, self.clock, ledger, rest, self.cache, memory, self.reporter_of(), owner)
        acquaintance = Acquaintance(self.ports, self.said.append, lambda _: None)
        wanted = await acquaintance.meet(self.wanted)
        self.relay = Relay()
        self.streams = Streams(dialect, self._net, url, self.relay, self.clock, self._chance, SharedGate(ledger, rest))
        self.relay.to = self.shadow = Shadow(dialect, self.clock.now_ms, self.said.append)
        streamed = [pair for pair in wanted.pairs if pair.timeframe in dialect.streamed]
        self.shadow.watch(streamed)
        self.tasks = [
            asyncio.create_task(self.shadow.run()),
            asyncio.create_task(Timekeeper(self.clock, rest, self.shadow.unsay).run()),
        ]
        self.streams.start(streamed, wanted.symbols, acquaintance.listings.aliases())
        await self.streams.live()

    async def promote(self) -> None:
        """Until it is warm."""
        for task in self.tasks:
            task.cancel()
        self.engine = Engine(self.ports, self.wanted, self.said.append, self._chance.random)
        await self.engine.ready()
        self.engine.adopt(self.shadow)
        self.relay.to = self.engine
        self.warm = asyncio.Event()
        self.run = asyncio.create_task(self.engine.run(self.streams, self.warm))
        waiting = asyncio.create_task(self.warm.wait())
        await asyncio.wait({self.run, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._raise()

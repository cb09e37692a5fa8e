"""The feed of a real exchange, or of a simulated one that speaks like it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import uuid4

from perseus.exchanges.aiohttp_transport import AiohttpTransport
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.endpoints import Endpoints
from perseus.exchanges.ledger import Caller, Ledger
from perseus.exchanges.recollection import Memory
from perseus.exchanges.recorder import recorded
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.ring import Keep
from perseus.exchanges.sharedgate import SharedGate
from perseus.exchanges.streams import Streams
from perseus.exchanges.transport import Transport
from perseus.ingest.cacheport import CachePort, StoreThread
from perseus.ingest.engine import Engine, Ports
from perseus.ingest.enginethread import EngineThread
from perseus.ingest.wanted import Wanted
from perseus.market.cache import CandleCache
from perseus.market.tickercache import TickerCache
from perseus.network.instance import Instance
from perseus.store import Client
from perseus.warmup.progress import Owner
from perseus.warmup.reporter import Reporter
from perseus.warmup.stats import Stats
from perseus.warmup.store import WarmupStore

READY, WARM = 1, 2
ADDRESS_SECONDS = 5.0
SIMULATED_ADDRESS = "simulated"
UNKNOWN_ADDRESS = "unknown"
"""Hosts that do not know their public address share one budget: they may share the address."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Source:
    """Where candles come from, and which. `keep`: where what passes the wire is recorded, None: nowhere."""

    endpoints: Endpoints
    wanted: Wanted
    is_simulated: bool
    keep: Keep | None = None


class ExchangeFeed:
    """Takes in the candles of one exchange. A Feed: each `connect` begins anew, with what the cache has."""

    def __init__(self, instance: Instance, source: Source, client: Client) -> None:
        self._instance = instance
        self._source = source
        self._client = client
        self._dialect = dialect_of(instance.exchange.name)
        self._thread: EngineThread | None = None
        self._engine: Engine | None = None
        self._told = 0

    @property
    def name(self) -> str:
        """Says when the exchange is not a real one."""
        name = self._instance.exchange.display_name
        return f"{name}, simulated, not real" if self._source.is_simulated else name

    @property
    def symbols(self) -> Collection[str]:
        """Those that are taken in, as far as the exchange lists them."""
        return self._engine.symbols if self._engine else ()

    def connect(self) -> None:
        """Ask the exchange for its time, limits and symbols."""
        self._told = 0
        self._thread = EngineThread(self._main, name=f"engine {self._instance.exchange.name}")
        self._reach(READY)

    def warm(self) -> None:
        """Subscribe, then ask for what the cache lacks."""
        self._reach(WARM)

    def receive(self, timeout: float) -> int:
        """Candles and tickers that came."""
        thread, engine = self._thread, self._engine
        if thread is None or engine is None:
            raise ConnectionError("the feed is closed")
        thread.wait_for(lambda: engine.messages > self._told, timeout)
        if thread.ended.is_set():
            raise ConnectionError("the feed is closed")
        count = engine.messages - self._told
        self._told += count
        self._instance.set_fields(engine.facts())
        return count

    def close(self) -> None:
        """End the loop, and with it all connections."""
        if self._thread is not None:
            self._thread.close()

    def warm_up(self, full: bool = False) -> str:
        """Fetch what is missing now, from any thread; `full`: all that is kept is doubted first. Gives its run id.

        A warmup that goes on is cancelled for it. Raises ConnectionError while the feed is closed.
        """
        run_id = uuid4().hex
        self._on_loop(lambda engine: engine.warming.again(run_id, is_full=full))
        return run_id

    def cancel_warmup(self) -> None:
        """Fetch nothing more of what is past, from any thread. Raises ConnectionError while the feed is closed."""
        self._on_loop(lambda engine: engine.warming.cancel())

    @property
    def warmup_stats(self) -> Stats | None:
        """How the latest warmup of this connection stands, from any thread; None before there is one."""
        return self._engine.warming.stats if self._engine else None

    def _on_loop(self, act: Callable[[Engine], None]) -> None:
        thread, engine = self._thread, self._engine
        if thread is None or engine is None or not thread.soon(lambda: act(engine)):
            raise ConnectionError("the feed is closed")

    def _reach(self, stage: int) -> None:
        thread = self._thread
        if thread is None or not thread.wait_for(lambda: thread.stage >= stage):
            raise ConnectionError("the feed is closed")

    async def _address(self) -> str:
        """Of this host, as the exchange sees it; finding it out takes a moment."""
        if self._source.is_simulated:
            return SIMULATED_ADDRESS
        for _ in range(round(ADDRESS_SECONDS / LOOK_SECONDS)):
            if self._instance.status().ip_address is not None:
                break
            await asyncio.sleep(LOOK_SECONDS)
        return self._instance.status().ip_address or UNKNOWN_ADDRESS

    async def _main(self, thread: EngineThread) -> None:
        async with AiohttpTransport() as wire:
            with recorded(wire, self._source.keep, self._instance.exchange.name) as transport:
                await self._work(thread, transport)

    async def _ports(self, transport: Transport, call: Caller, clock: ExchangeClock) -> Ports:
        instance, dialect, url = self._instance, self._dialect, self._source.endpoints.rest_url
        exchange, say = instance.exchange, instance.report_error
        ledger = Ledger(self._client, exchange.id, await self._address(), dialect.first_limits, clock, call)
        written = self._client, exchange.id, instance.token
        return Ports(
            dialect,
            clock,
            ledger,
            Rest(transport, ledger, clock, dialect, url),
            CachePort(CandleCache(*written), TickerCache(*written), call, say),
            Memory(self._client, exchange.id, url, call),
            Reporter(WarmupStore(*written), call, say),
            Owner(exchange.id, exchange.name, instance.status().instance_id),
        )

    async def _work(self, thread: EngineThread, transport: Transport) -> None:
        call = StoreThread()
        clock = ExchangeClock(asyncio.get_running_loop().time)
        try:
            ports = await self._ports(transport, call, clock)
            ledger, rest, say = ports.ledger, ports.rest, self._instance.report_error
            self._engine = engine = Engine(ports, self._source.wanted, say)
            await engine.ready()
            thread.reach(READY)
            gate, ws_url = SharedGate(ledger, rest), self._source.endpoints.ws_url
            streams = Streams(self._dialect, transport, ws_url, engine, clock, random.Random(), gate)
            warm = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(engine.run(streams, warm))
                await warm.wait()
                thread.reach(WARM)
                while True:
                    await asyncio.sleep(LOOK_SECONDS)
                    thread.wake()
        finally:
            call.close()

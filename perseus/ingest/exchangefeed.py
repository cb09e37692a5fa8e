"""The feed of a real exchange, or of a simulated one that speaks like it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from uuid import uuid4

from perseus.exchanges.endpoints import Endpoints
from perseus.exchanges.recordings.recorder import recorded
from perseus.exchanges.recordings.ring import Keep
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.exchanges.wire.transport import Transport
from perseus.ingest import firstwords, pace
from perseus.ingest.engine.cacheport import StoreThread
from perseus.ingest.engine.engine import Engine
from perseus.ingest.engine.enginethread import EngineThread
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.saying import Saying
from perseus.ingest.standby.shadow import Shadow
from perseus.ingest.standby.shadowfeed import ShadowFeed
from perseus.ingest.wire import Wire
from perseus.network.instance import Instance
from perseus.network.payload import SIMULATED, SYMBOLS_FROM, SymbolsFrom
from perseus.network.states import State
from perseus.store import Client
from perseus.warmup.stats import Stats

READY, WARM = 1, 2
ADDRESS_SECONDS = 5.0
SIMULATED_ADDRESS = "simulated"
UNKNOWN_ADDRESS = "unknown"
"""Hosts that do not know their public address share one budget: they may share the address."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Source:
    """Where candles come from, and which. `keep`: where what passes the wire is recorded, None: nowhere.

    `named`: what stays the same of it where its address does not; '' where that does. `chosen`: why which.
    """

    endpoints: Endpoints
    wanted: Wanted
    is_simulated: bool
    keep: Keep | None = None
    named: str = ""
    chosen: SymbolsFrom | None = None

    @property
    def name(self) -> str:
        """By which its candles are told from those of another."""
        return self.named or self.endpoints.rest_url

    @property
    def urls(self) -> tuple[str, str]:
        """Of REST and of WebSockets."""
        return self.endpoints.rest_url, self.endpoints.ws_url


class ExchangeFeed:
    """Takes in the candles of one exchange. A Feed: each `connect` begins anew, with what the cache has.

    The first goes on where `shadow` is, what a standby has heard until then; where that has ended it begins anew too.
    """

    def __init__(self, instance: Instance, source: Source, client: Client, shadow: ShadowFeed | None = None) -> None:
        self._instance = instance
        self._shadow = shadow
        self._source = source
        self._client = client
        self._dialect = dialect_of(instance.exchange.name)
        self._thread: EngineThread | None = None
        self._engine: Engine | None = None
        self._wire: Wire | None = None
        self._draining: list[asyncio.Future[None]] = []
        self._told = 0
        self._has_met = False

    @property
    def name(self) -> str:
        """Says when the exchange is not a real one."""
        name = self._instance.exchange.display_name
        return f"{name}{SIMULATED}" if self._source.is_simulated else name

    @property
    def symbols(self) -> Collection[str]:
        """Those that are taken in, as far as the exchange lists them."""
        return self._engine.symbols if self._engine else ()

    def connect(self) -> None:
        """Ask the exchange for its time, limits and symbols."""
        self._told = 0
        self._instance.set_fields({SYMBOLS_FROM: self._source.chosen}, at_once=True)
        shadow, self._shadow = self._shadow, None
        going_on = shadow.go_on(self.serve) if shadow is not None else None
        self._thread = going_on or EngineThread(self._main, name=f"engine {self._instance.exchange.name}")
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

    def flush(self, seconds: float) -> bool:
        """Have what waits written, from any thread. False when it has not been within so many seconds."""
        written = threading.Event()

        async def drain(engine: Engine) -> None:
            await engine.writer.drained()
            written.set()

        try:
            self._on_loop(lambda engine: self._draining.append(asyncio.ensure_future(drain(engine))))
        except ConnectionError:
            return False
        return written.wait(seconds)

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

    @property
    def held_up(self) -> str:
        """Why nothing may be sent to the exchange now, for people, from any thread; '' where something may."""
        return self._wire.ledger.held_up if self._wire else ""

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
            if self._instance.status().ip_address is not None or self._instance.ip_sought.is_set():
                break
            await asyncio.sleep(LOOK_SECONDS)
        return self._instance.status().ip_address or UNKNOWN_ADDRESS

    async def _main(self, thread: EngineThread) -> None:
        async with AiohttpTransport() as wire:
            with recorded(wire, self._source.keep, self._instance.exchange.name) as transport:
                await self._work(thread, transport, wire)

    async def _work(self, thread: EngineThread, transport: Transport, unrecorded: Transport) -> None:
        call, address = StoreThread(), await self._address()
        exchange_id = self._instance.exchange.id
        try:
            wire = Wire.made(self._dialect, transport, self._source.urls, self._client, exchange_id, address, call)
            async with pace.followed(wire.clock, unrecorded, self._source.urls[0], self._source.is_simulated) as world:
                await self.serve(thread, replace(wire, world=world))
        finally:
            call.close()

    async def serve(self, thread: EngineThread, wire: Wire, shadow: Shadow | None = None) -> None:
        """Take in all until cancelled, from where `shadow` is."""
        instance, self._wire = self._instance, wire
        say = Saying(instance.exchange.name, instance.report_error, asyncio.get_running_loop().time)
        ports = wire.ports(self._client, instance.exchange, self._source, instance.token, instance.instance_id, say)
        self._engine = engine = Engine(ports, self._source.wanted, say)
        await self._meet(engine, say, wire, hears=shadow is not None)
        if shadow is not None:
            engine.adopt(shadow)
        wire.relay.to = engine  # nothing was heard since
        thread.reach(READY)
        warm = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run(wire.streams, warm))
            await warm.wait()
            thread.reach(WARM)
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                thread.wake()

    async def _meet(self, engine: Engine, say: Saying, wire: Wire, *, hears: bool) -> None:
        """Wait for the exchange, unless a feed made anew for one that works has never met it: that one goes on then.

        `hears`: its streams are open already, so that no ban of REST need be waited out.
        """
        if self._instance.state is State.ACTIVE and not self._has_met:
            await engine.ready()
        else:
            await firstwords.heard(engine.ready, say, held=lambda: wire.ledger.held)
            if not hears:
                await firstwords.thawed(wire.ledger.state, say)
        self._has_met = True

"""The streams of a standby, on a thread of their own, until the feed of its instance goes on with them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from perseus.exchanges.recordings.recorder import recorded
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.symbols import Listings
from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.exchanges.wire.transport import Transport
from perseus.ingest import pace
from perseus.ingest.engine.acquaintance import Acquaintance
from perseus.ingest.engine.cacheport import StoreThread
from perseus.ingest.engine.enginethread import EngineThread
from perseus.ingest.engine.timekeeper import Timekeeper
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.standby.shadow import Shadow
from perseus.ingest.wire import Wire
from perseus.network.exchange import Exchange
from perseus.store import Client

if TYPE_CHECKING:
    from perseus.ingest.exchangefeed import Source

log = logging.getLogger(__name__)

LIVE = 1
NO_TOKEN = "0"
"""Smaller than every token: whatever is guarded by it refuses what would be written."""

Serve = Callable[[EngineThread, Wire, Shadow], Awaitable[None]]


class ShadowFeed:
    """`address`: of this host, as the exchange sees it. What it could not do is in `error` once it has `ended`."""

    def __init__(self, exchange: Exchange, source: Source, client: Client, address: str) -> None:
        self._exchange = exchange
        self.source = source
        self.client = client
        self._address = address
        self._serve: Serve | None = None
        self._promoted: asyncio.Event | None = None
        self._thread: EngineThread | None = None

    def start(self) -> None:
        """Connect. Begins anew where an earlier one has ended."""
        self._serve = self._promoted = None
        self._thread = EngineThread(self._main, name=f"shadow {self._exchange.name}")

    @property
    def is_warm(self) -> bool:
        """Was each stream subscribed to?"""
        return self._thread is not None and self._thread.stage >= LIVE and not self.has_ended

    @property
    def has_ended(self) -> bool:
        """Does it hear nothing any more?"""
        return self._thread is None or self._thread.ended.is_set()

    @property
    def error(self) -> BaseException | None:
        """What has ended it."""
        return self._thread.error if self._thread is not None else None

    def go_on(self, serve: Serve) -> EngineThread | None:
        """Let `serve` have it all, on the same thread and the same connections. None where it is not warm."""
        thread = self._thread
        if thread is None or not self.is_warm:
            self.close()
            return None
        self._serve = serve
        thread.stage = 0  # how far it is from now on is how far `serve` is
        return thread if thread.soon(self._go) else None

    def close(self) -> None:
        """End it, and with it all connections."""
        if self._thread is not None:
            self._thread.close()

    def _go(self) -> None:
        assert self._promoted is not None, "it was warm before it was told"
        self._promoted.set()

    async def _main(self, thread: EngineThread) -> None:
        async with AiohttpTransport() as wire:
            with recorded(wire, self.source.keep, self._exchange.name) as transport:
                await self._listen(thread, transport, wire)

    async def _listen(self, thread: EngineThread, transport: Transport, unrecorded: Transport) -> None:
        self._promoted, call = asyncio.Event(), StoreThread()
        urls, exchange_id = self.source.urls, self._exchange.id
        try:
            wire = Wire.made(
                dialect_of(self._exchange.name), transport, urls, self.client, exchange_id, self._address, call
            )
            async with pace.followed(wire.clock, unrecorded, urls[0], self.source.is_simulated) as world:
                wire = replace(wire, world=world)
                shadow = await self._shadow(thread, wire)
                assert self._serve is not None, "it is promoted by whoever goes on"
                await self._serve(thread, wire, shadow)
        finally:
            call.close()

    async def _shadow(self, thread: EngineThread, wire: Wire) -> Shadow:
        """Hear all until promoted. Errors as `Acquaintance.meet`."""
        assert self._promoted is not None
        wanted, listings = await self._meet(wire)
        shadow = Shadow(wire.dialect, wire.clock.now_ms, log.warning)
        streamed = [pair for pair in wanted.pairs if pair.timeframe in wire.dialect.streamed]
        shadow.watch(streamed)
        wire.relay.to = shadow
        tasks = [
            asyncio.create_task(shadow.run(), name="shadow"),
            asyncio.create_task(Timekeeper(wire.clock, wire.rest, shadow.unsay).run(), name="time"),
        ]
        try:
            wire.streams.start(streamed, wanted.symbols, listings.aliases())
            await wire.streams.live()
            thread.reach(LIVE)
            await self._promoted.wait()
        except BaseException:
            await wire.streams.close()
            raise
        finally:
            for task in tasks:
                task.cancel()
        return shadow

    async def _meet(self, wire: Wire) -> tuple[Wanted, Listings]:
        """What the exchange has of what is wanted, as the holder remembers it, or else by asking."""
        ports = wire.ports(self.client, self._exchange, self.source, NO_TOKEN, "", log.warning)
        acquaintance = Acquaintance(ports, log.warning, lambda _: None)
        return await acquaintance.meet(self.source.wanted), acquaintance.listings

"""What a process works with of one exchange that belongs to no lease: time, budget, REST, streams.

So a standby has it before its lease, and goes on with it afterwards.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perseus.exchanges.budget.ledger import Ledger
from perseus.exchanges.budget.sharedgate import SharedGate
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.events import Heard, Listener, Subject
from perseus.exchanges.recollection import Memory
from perseus.exchanges.rest import Rest
from perseus.exchanges.streams.streams import Streams
from perseus.exchanges.wire.transport import Transport
from perseus.ingest.engine.cacheport import CachePort, StoreThread, in_world
from perseus.ingest.engine.ports import Ports
from perseus.ingest.engine.writer import Say
from perseus.market.cache import CandleCache
from perseus.market.tickercache import TickerCache
from perseus.network.exchange import Exchange
from perseus.store import Client
from perseus.warmup.progress import Owner
from perseus.warmup.reporter import Reporter
from perseus.warmup.store import WarmupStore

if TYPE_CHECKING:
    from perseus.ingest.exchangefeed import Source


class Relay:
    """A Listener that tells another, which may change between two events; without one nothing is heard."""

    def __init__(self) -> None:
        self.to: Listener | None = None

    def on_event(self, event: Heard) -> None:
        """Tell it."""
        if self.to is not None:
            self.to.on_event(event)

    def on_doubt(self, subjects: Collection[Subject], since_ms: int, why: str) -> None:
        """Tell it."""
        if self.to is not None:
            self.to.on_doubt(subjects, since_ms, why)

    def on_live(self, subjects: Collection[Subject], from_ms: int) -> None:
        """Tell it."""
        if self.to is not None:
            self.to.on_live(subjects, from_ms)

    def on_trouble(self, text: str) -> None:
        """Tell it."""
        if self.to is not None:
            self.to.on_trouble(text)


@dataclass(frozen=True)
class Wire:
    """On the loop that made it. `call`: where calls of the store block; close it in the end.

    `world`: of a simulated exchange, by which its candles are told from those of another at the same address.
    """

    dialect: Dialect
    clock: ExchangeClock
    ledger: Ledger
    rest: Rest
    streams: Streams
    relay: Relay
    call: StoreThread = field(repr=False)
    world: str = ""

    @classmethod
    def made(
        cls,
        dialect: Dialect,
        transport: Transport,
        urls: tuple[str, str],
        client: Client,
        exchange_id: int,
        address: str,
        call: StoreThread,
    ) -> Wire:
        """`urls`: of REST and of WebSockets; `address`: of this host, as the exchange sees it."""
        clock, relay = ExchangeClock(asyncio.get_running_loop().time), Relay()
        ledger = Ledger(client, exchange_id, address, dialect.first_limits, clock, call, dialect.name)
        rest = Rest(transport, ledger, clock, dialect, urls[0])
        gate = SharedGate(ledger, rest)
        streams = Streams(dialect, transport, urls[1], relay, clock, random.Random(), gate, rest)
        return cls(dialect, clock, ledger, rest, streams, relay, call)

    def ports(
        self, client: Client, exchange: Exchange, source: Source, token: str, instance_id: str, say: Say
    ) -> Ports:
        """What an engine works with that writes under this fencing token."""
        written = client, exchange.id, token
        return Ports(
            self.dialect,
            self.clock,
            self.ledger,
            self.rest,
            CachePort(CandleCache(*written, in_world(source.name, self.world)), TickerCache(*written), self.call, say),
            Memory(client, exchange.id, in_world(source.endpoints.rest_url, self.world), self.call),
            Reporter(WarmupStore(*written), self.call, say),
            Owner(exchange.id, exchange.name, instance_id),
        )

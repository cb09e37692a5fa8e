"""What the engine works with: the wire, the store and the time, as it uses them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from perseus.exchanges.budget.ledger import Ledger
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.recollection import Memory
from perseus.exchanges.rest import Rest
from perseus.ingest.engine.writer import Sink
from perseus.market.candle import Pair
from perseus.market.coverage import Coverage
from perseus.warmup.progress import Owner
from perseus.warmup.reporter import Reporter


class Streams(Protocol):
    """The connections that bring what is streamed, as the engine uses them."""

    def start(self, pairs: Collection[Pair], tickers: Collection[str], aliases: Mapping[str, str]) -> None:
        """Open them, and keep them open until closed."""

    async def live(self) -> None:
        """Until each stream was subscribed to once."""

    async def close(self) -> None:
        """Let go of all."""


class Cache(Sink, Protocol):
    """What else is asked of the cache."""

    async def claim(self, pairs: Sequence[Pair]) -> None:
        """Forget what another source has given of these pairs, and say so."""

    async def coverages(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        """What is sure of these pairs from earlier runs."""


@dataclass(frozen=True)
class Ports:
    """What the engine works with. `memory`: of what the exchange says of itself; `reporter`, `owner`: of warmups."""

    dialect: Dialect
    clock: ExchangeClock
    ledger: Ledger
    rest: Rest
    cache: Cache
    memory: Memory
    reporter: Reporter
    owner: Owner

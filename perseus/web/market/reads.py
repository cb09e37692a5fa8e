"""What the pages read of market data: how far a warmup is, and how fresh candles are. Once for all viewers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Self

from perseus import keys
from perseus.clock import Clock
from perseus.market import freshness
from perseus.market.freshness import Freshness
from perseus.market.timeframes import Timeframe, UnknownTimeframe
from perseus.store import Client
from perseus.store.batch import Batch
from perseus.warmup import store
from perseus.warmup.store import Told
from perseus.web.recent import Recent

WARMUP_SECONDS, METER_SECONDS = 1.0, 10.0
#: Of a meter. A page of more could not be read by anybody, and its reading would hold up others.
MOST_SYMBOLS, MOST_TIMEFRAMES = 1_000, 8


@dataclass(frozen=True, slots=True)
class MeterRead:
    """`freshness` None: nothing says which symbols it takes in, or why that cannot be read, in `problem`.

    `left_out`: how many symbols there are beyond what is shown.
    """

    freshness: Freshness | None
    problem: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class MarketReads:
    """One worker's, by exchange id. Both raise StoreUnavailable, StoreRefused."""

    warmup: Recent[int, Told]
    meter: Recent[int, MeterRead]

    @classmethod
    def of(cls, client: Client, clock: Clock) -> Self:
        """That of this site. Nothing is read yet."""
        return cls(
            Recent(partial(_warmup, client), clock, WARMUP_SECONDS),
            Recent(partial(_meter, client), clock, METER_SECONDS),
        )


def _warmup(client: Client, exchange_id: int) -> Told:
    """The stats alone: the schedule of a large exchange is long."""
    batch = Batch(client)
    batch.add("GET", keys.warmup_stats(exchange_id))
    (stats,) = batch.run()
    return store.told(exchange_id, None, stats)


def _meter(client: Client, exchange_id: int) -> MeterRead:
    told = store.read(client, exchange_id)
    if told.schedule is None:
        return MeterRead(None, told.problems[0] if told.problems else "")
    try:
        timeframes = sorted(map(Timeframe.parse, told.schedule.timeframes[:MOST_TIMEFRAMES]))
    except UnknownTimeframe as error:
        return MeterRead(None, str(error))
    symbols = told.schedule.symbols[:MOST_SYMBOLS]
    read = freshness.read(client, exchange_id, symbols, timeframes)
    return MeterRead(read, left_out=len(told.schedule.symbols) - len(symbols))

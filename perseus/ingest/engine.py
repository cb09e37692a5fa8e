"""The ingest engine: one exchange's candles, complete and exact, from its streams and its REST interface.

Everything here runs on one event loop. The wire, the store and the time are ports that are passed in, so that the same
code runs against an exchange and, on virtual time, against a simulated one.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from perseus.errors import PerseusError, StoreUnavailable
from perseus.exchanges.book import BookState
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.events import CandleEvent, Heard, Subject
from perseus.exchanges.ledger import Ledger, Priority
from perseus.exchanges.rest import RequestRefused, Rest
from perseus.exchanges.symbols import Listings
from perseus.ingest.repair import Repairs
from perseus.ingest.series import Series
from perseus.ingest.timekeeper import Timekeeper
from perseus.ingest.wanted import Wanted
from perseus.ingest.writer import Say, Sink, Writer
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage, Range
from perseus.network.statusfield import TEXT_MAX, Value
from perseus.outage import Outage

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
BOOK_SECONDS = 5.0
HANDOVER_MS = 60_000
"""What ended so shortly before this process began is told by it: another may have stopped without doing so."""


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

    async def coverages(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        """What is sure of these pairs from earlier runs."""


@dataclass(frozen=True)
class Ports:
    """What the engine works with."""

    dialect: Dialect
    clock: ExchangeClock
    ledger: Ledger
    rest: Rest
    cache: Cache


class Engine:
    """Takes in what `wanted` names. `messages` counts what was heard. It is a Listener of its streams.

    `say` is told, one line each, what a person should know: it stands in the activity log. `chance()` gives 0 to 1, and
    spreads waits.
    """

    def __init__(self, ports: Ports, wanted: Wanted, say: Say, chance: Callable[[], float] = random.random) -> None:
        self._ports = ports
        self._wanted = wanted
        self._say = say
        self._series: dict[Pair, Series] = {}
        self.listings = Listings()
        self._is_warm = False
        self.messages = 0
        self._facts: dict[str, Value] = {}
        self.writer = Writer(
            ports.cache, ports.clock, Outage(log, "Candles cannot be written", "Candles are written again.")
        )
        self.repairs = Repairs(
            self._fetch, self._take, self._failed, ports.clock.now_ms, ports.dialect.history_limit, chance
        )

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those that are taken in."""
        return self._wanted.symbols

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Of which candles are kept."""
        return tuple(self._series)

    async def ready(self) -> None:
        """Ask the exchange for its time, its limits and its symbols, and the cache for what it has.

        Raises UnknownSymbol, NotFetched, what `Rest.get` does, and the store's errors.
        """
        ports = self._ports
        await ports.rest.calibrate()
        told = await ports.rest.get(ports.dialect.listings_request(), Priority.ADMIN)
        self.listings, limits = ports.dialect.parse_listings(told)
        await ports.ledger.learn(limits)
        self._wanted = self._wanted.listed(ports.dialect, self.listings)
        for line in self._wanted.troubles:
            self._say(line)
        coverages = await ports.cache.coverages(self._wanted.pairs)
        now_ms = ports.clock.now_ms()
        for pair in self._wanted.pairs:
            self._series[pair] = Series(
                pair,
                depth=min(ports.dialect.history_limit, self._wanted.depth),
                is_streamed=pair.timeframe in ports.dialect.streamed,
                is_close_told=ports.dialect.is_close_told,
                coverage=coverages[pair],
                live_from_ms=now_ms - (HANDOVER_MS if coverages[pair].spans else 0),
            )
            self._series[pair].watch(now_ms)

    def lacking(self) -> list[Pair]:
        """Of which finished candles are missing now, or not sure."""
        now_ms = self._ports.clock.now_ms()
        return [pair for pair, series in self._series.items() if not series.is_refused and series.missing(now_ms, 1)]

    def facts(self) -> Mapping[str, Value]:
        """For the card: how complete and how late the candles are, and what is used of the exchange's limits."""
        return self._facts

    async def run(self, streams: Streams, warm: asyncio.Event) -> None:
        """Take in all until cancelled; `warm` is set once each pair was asked for what it lacked at first."""
        dialect = self._ports.dialect
        streamed = [pair for pair in self._series if pair.timeframe in dialect.streamed]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.writer.run(), name="writer")
                group.create_task(self.repairs.run(), name="repairs")
                streams.start(streamed, self.symbols, self.listings.aliases())
                await streams.live()
                self._want_all()
                group.create_task(self._look_on(), name="boundaries")
                group.create_task(self._tell_on(), name="facts")
                group.create_task(Timekeeper(self._ports.clock, self._ports.rest, self._unsay).run(), name="time")
                await self.repairs.drained()
                await self.writer.drained()
                self._is_warm = True
                warm.set()
        finally:
            await streams.close()

    def on_event(self, event: Heard) -> None:
        """From the streams: a candle or a ticker."""
        self.messages += 1
        if isinstance(event, CandleEvent):
            self._on_candle(event)
        else:
            self.writer.put_ticker(event.ticker)

    def on_doubt(self, subjects: Collection[Subject], since_ms: int, why: str) -> None:
        """From the streams: what these said since then may be incomplete."""
        now_ms = self._ports.clock.now_ms()
        for series in self._of(subjects):
            series.doubt(since_ms, now_ms)
            self.writer.put_coverage(series.pair, series.coverage)
        log.info("Streams of %d pairs are in doubt: %s", len(subjects), why)

    def on_live(self, subjects: Collection[Subject], from_ms: int) -> None:
        """From the streams: these bring everything from then on, so what was missed can be asked for."""
        for series in self._of(subjects):
            series.live(from_ms)
            self.repairs.want(series, Priority.REPAIR if self._is_warm else Priority.WARMUP)

    def on_trouble(self, text: str) -> None:
        """From the streams: what a person should know."""
        self._say(text)

    def _of(self, subjects: Collection[Subject]) -> list[Series]:
        return [self._series[one] for one in subjects if isinstance(one, Pair) and one in self._series]

    def _on_candle(self, event: CandleEvent) -> None:
        series = self._series.get(event.pair)
        if series is None:
            return
        candle = event.candle
        self.writer.put(event.pair, candle, live=candle.is_closed and series.is_live(candle) and not event.is_snapshot)
        if event.is_snapshot:
            return
        series.heard(candle)
        if candle.is_closed:
            self.writer.put_coverage(event.pair, series.coverage)

    async def _look_on(self) -> None:
        """See by the exchange's clock which candles ended, and ask for those that nobody told of."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now_ms = self._ports.clock.now_ms()
            for series in self._series.values():
                self._look(series, now_ms)
            self._forget()

    def _look(self, series: Series, now_ms: int) -> None:
        finished = series.settle(now_ms)
        if finished is not None:
            self.writer.put(series.pair, finished, live=series.is_live(finished))
        if series.is_due(now_ms) and not series.is_refused and series.missing(now_ms, 1):
            self.repairs.want(series, Priority.REPAIR if series.is_streamed else Priority.BOUNDARY)

    async def _tell_on(self) -> None:
        while True:
            with suppress(StoreUnavailable):
                self._facts = self._now_told(await self._ports.ledger.state())
            await asyncio.sleep(BOOK_SECONDS)

    def _now_told(self, book: BookState) -> dict[str, Value]:
        facts: dict[str, Value] = {
            "pairs": len(self._series),
            "incompletePairs": len(self.lacking()),
            "candlesWritten": self.writer.written,
            "writtenWithin": _within(self.writer.lag.percentile(0.99)),
            "weightUsed": _used(book),
        }
        self.writer.lag.forget()
        return facts

    def _forget(self) -> None:
        """What waited for the store for too long has to be asked for again."""
        now_ms = self._ports.clock.now_ms()
        while self.writer.forgotten:
            pair, open_ms = self.writer.forgotten.pop()
            series = self._series[pair]
            series.coverage = series.coverage.doubt(open_ms, pair.timeframe.close_of(open_ms))
            if series.missing(now_ms, 1):
                self.repairs.want(series, Priority.REPAIR)

    def _unsay(self, since_ms: int, until_ms: int) -> None:
        """The time was ahead meanwhile: what was taken for finished may not have been."""
        for series in self._series.values():
            series.unsay(since_ms, until_ms)
        self._want_all()

    def _want_all(self) -> None:
        for series in self._series.values():
            self.repairs.want(series, Priority.WARMUP)

    async def _fetch(self, pair: Pair, asked: Range, priority: Priority) -> tuple[int, list[Candle]]:
        dialect = self._ports.dialect
        count = pair.timeframe.count(*asked)
        request = dialect.history_request(pair, *asked, min(count, dialect.history_limit))
        asked_ms = self._ports.clock.now_ms()
        answer = await self._ports.rest.get(request, priority)
        return asked_ms, dialect.parse_history(answer, pair, asked_ms)

    def _take(self, series: Series, candles: list[Candle]) -> None:
        for candle in candles:
            self.writer.put(series.pair, candle, live=series.is_live(candle))
        self.writer.put_coverage(series.pair, series.coverage)

    def _failed(self, series: Series, error: Exception) -> bool:
        """Have it known; whether to try again. What an exchange refuses of a symbol it refuses always."""
        if not isinstance(error, PerseusError):
            log.error("Candles of %s could not be taken in.", series.pair, exc_info=error)
        if not isinstance(error, RequestRefused):
            self._say(f"{series.pair}: {error}")
            return True
        symbol = series.pair.symbol
        if not any(one.is_refused for one in self._series.values() if one.pair.symbol == symbol):
            self._say(f"{symbol}: {error} It may be delisted.")
        series.is_refused = True
        return False


def _used(book: BookState) -> str:
    """What is used of the first limit, and until when nobody sends."""
    if book.frozen_until_ms is not None:
        return f"frozen for {(book.frozen_until_ms - book.now_ms) / 1000:.0f} s: {book.why}"[:TEXT_MAX]
    used = (f"{one.used} of {one.cap} in {one.limit.interval_ms / 1000:g} s" for one in book.usages)
    return next(used, "nothing")


def _within(ms: int | None) -> str | None:
    """How late a candle was written, but for one in a hundred."""
    return None if ms is None else f"{ms} ms"

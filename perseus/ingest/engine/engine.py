"""The ingest engine: one exchange's candles, complete and exact, from its streams and its REST interface.

Everything here runs on one event loop. The wire, the store and the time are ports that are passed in, so that the same
code runs against an exchange and, on virtual time, against a simulated one.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping

from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.events import CandleEvent, Heard, Subject
from perseus.exchanges.symbols import Changed
from perseus.ingest.engine.acquaintance import Acquaintance
from perseus.ingest.engine.asking import Asking
from perseus.ingest.engine.audit import Audit
from perseus.ingest.engine.hanging import Hanging
from perseus.ingest.engine.leftopen import left_open
from perseus.ingest.engine.ports import Ports, Streams
from perseus.ingest.engine.reasking import Reasking
from perseus.ingest.engine.refusals import Refusals
from perseus.ingest.engine.repair import Repairs
from perseus.ingest.engine.series import Series
from perseus.ingest.engine.telling import Telling
from perseus.ingest.engine.timekeeper import Timekeeper
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.engine.warming import Warming
from perseus.ingest.engine.writer import Say, Writer
from perseus.ingest.standby.shadow import Shadow
from perseus.market.candle import Candle, Pair
from perseus.network.statusfield import Value
from perseus.outage import Outage
from perseus.warmup.progress import Calls, Progress

__all__ = ["Engine", "Ports"]

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
LONG_LINE = 10
"""Pairs that wait for the exchange: so many could break a limit that was lowered."""
HANDOVER_MS = 60_000
"""What ended so shortly before this process began is told by it: another may have stopped without doing so."""


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
        self._exchange = Acquaintance(ports, say, self._relisted)
        self._is_warm = False
        self.messages = 0
        unwritten = Outage(log, "Candles cannot be written", "Candles are written again.")
        self.writer = Writer(ports.cache, ports.clock, unwritten)
        now_ms, self._hanging = ports.clock.now_ms, Hanging(ports.rest, chance, lambda: self.warming.is_fetching)
        self._refusals = Refusals(
            self._series, lambda *wanted: self.repairs.want(*wanted), lambda: self._exchange.listings, now_ms, say
        )
        failing = self._refusals.failing
        asking = Asking(ports, say, self._before_asking, lambda: self.warming, self._hanging)
        self.repairs = Repairs(
            asking.fetch,
            self._take,
            self._refusals.failed,
            now_ms,
            ports.dialect.history_limit,
            chance,
            self._ended,
        )
        self._audit = Audit(ports.cache, self.writer, ports.ledger, self._series, now_ms, self._want_past, say)
        self._reasking = Reasking(self._series, self.repairs.want, now_ms, chance)
        self._telling = Telling(ports, self._series, self.writer, self.lacking, lambda: self.messages, say, failing)
        self.warming = Warming(
            ports, self._series, self.repairs.want, self._progress, self._doubted, self._hanging, failing
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
        """Learn the exchange's time, its limits and its symbols, and from the cache what it has.

        Errors as `Acquaintance.meet`.
        """
        ports = self._ports
        self._wanted = await self._exchange.meet(self._wanted)
        for line in self._wanted.troubles:
            self._say(line)
        await ports.cache.claim(self._wanted.pairs)
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
        self.writer.noted.update(coverages)

    def adopt(self, shadow: Shadow) -> None:
        """Go on from what a standby has heard, after `ready` and before the work begins."""
        self.messages = shadow.messages
        shadow.pass_to(self._series, self.writer)

    def lacking(self) -> list[Pair]:
        """Of which finished candles are missing now, or not sure; of no symbol that is listed no more."""
        now, rests = self._ports.clock.now_ms(), self._refusals
        return [
            pair
            for pair, one in self._series.items()
            if (pair in rests or not one.is_refused) and not one.is_whole(now)
        ]

    def facts(self) -> Mapping[str, Value]:
        """For the card: how complete and how late the candles are, and what is used of the exchange's limits."""
        return self._telling.facts

    async def run(self, streams: Streams, warm: asyncio.Event) -> None:
        """Take in all until cancelled; `warm` is set once each pair that lacked something at first was asked for."""
        ports, dialect = self._ports, self._ports.dialect
        streamed = [pair for pair in self._series if pair.timeframe in dialect.streamed]
        self.warming.announce()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.writer.run(), name="writer")
                group.create_task(self.repairs.run(), name="repairs")
                group.create_task(self._hanging.run(), name="hanging")
                group.create_task(self._audit.run(), name="audit")
                group.create_task(ports.reporter.run(), name="warmup report")
                group.create_task(Timekeeper(ports.clock, ports.rest, self._unsay, self._exchange).run(), name="time")
                group.create_task(self._exchange.run(), name="listings")
                streams.start(streamed, self.symbols, self._exchange.listings.aliases())
                await streams.live()
                group.create_task(self._look_on(), name="boundaries")
                group.create_task(self._telling.run(), name="facts")
                group.create_task(self._reasking.run(), name="asking again")
                await self.warming.first()
                await self.writer.drained()
                self._is_warm = True
                warm.set()
                self.warming.deepen()
                group.create_task(self.warming.serve(), name="warmups")
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

    def on_live(self, subjects: Collection[Subject], from_ms: int) -> None:
        """From the streams: these bring everything from then on, so what was missed can be asked for."""
        for series in self._of(subjects):
            series.live(from_ms)
            if self.warming.has_begun:
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
            self._refusals.look_anyway()
            self._forget()

    def _look(self, series: Series, now_ms: int) -> None:
        finished = series.settle(now_ms)
        if finished is not None:
            self.writer.put(series.pair, finished, live=series.is_live(finished))
        if not series.is_due(now_ms) or series.is_refused:
            return
        missing = series.missing(now_ms, 1)
        if missing is None:
            return
        urgent = Priority.REPAIR if series.is_streamed else Priority.BOUNDARY
        self.repairs.want(series, urgent if series.is_recent(missing, now_ms) else Priority.WARMUP)

    def _progress(self, run_id: str) -> Progress:
        """Of a warmup that begins now; the first counts all since the start."""
        before = self._calls() if self.warming.has_begun else Calls(0, 0)
        return Progress(self._ports.owner, run_id, self._exchange.store_ms, self._calls, before)

    def _calls(self) -> Calls:
        granted = self._ports.ledger.granted
        return Calls(granted[Priority.WARMUP], granted.total())

    def _relisted(self, changes: list[Changed]) -> None:
        """Have known what became of our symbols; what is gone is not asked for until it is there again.

        What the exchange refused though it lists it is asked for again.
        """
        by_symbol = {one.symbol: one for one in changes if one.symbol in set(self.symbols)}
        for change in by_symbol.values():
            (log.warning if change.is_recovery else self._say)(str(change))
            if change.change == "delisted" and (left := left_open(self._series.values(), change.symbol)):
                self._say(left)
        for series in self._series.values():
            if series.pair.symbol in by_symbol:
                series.is_refused = False
                if by_symbol[series.pair.symbol].change == "delisted":
                    self._refusals.gone(series)
                self.repairs.want(series, Priority.REPAIR)
        self._refusals.look()

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
            self._want_past(series)

    def _want_past(self, series: Series) -> None:
        self.repairs.want(series, Priority.WARMUP)

    async def _before_asking(self) -> None:
        if self.repairs.waiting >= LONG_LINE:
            await self._exchange.before_many()

    def _take(self, series: Series, candles: list[Candle]) -> None:
        for candle in candles:
            self.writer.put(series.pair, candle, live=series.is_live(candle))
        self.writer.put_coverage(series.pair, series.coverage)
        self._refusals.answered(series.pair)

    def _ended(self, pair: Pair, error: Exception | None, is_final: bool) -> None:
        self.warming.ended(pair, error or self._refusals.why(pair), is_final)

    def _doubted(self, series: Series) -> None:
        self.writer.put_coverage(series.pair, series.coverage)
        self._refusals.forgive(series)

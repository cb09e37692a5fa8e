"""What a standby hears: kept in memory, in step with the exchange, written nowhere until it is promoted."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from perseus.exchanges.dialect import Dialect
from perseus.exchanges.events import CandleEvent, Heard, Subject
from perseus.ingest.engine.series import Series
from perseus.ingest.engine.writer import Say, Writer
from perseus.market.candle import Candle, Pair
from perseus.market.ticker import Ticker

KEPT = 120
"""Finished candles of one pair that are kept: of the shortest timeframe two hours. No primary is silent for so long."""
LOOK_SECONDS = 0.5


@dataclass
class Kept:
    """What is known of one pair. `series`: what is sure of it, of what is kept alone."""

    series: Series
    finished: dict[int, Candle] = field(default_factory=dict)
    opened: Candle | None = None

    def take(self, candle: Candle) -> None:
        """Keep a state; of an open candle the newest alone."""
        if not candle.is_closed:
            self.opened = candle
            return
        self.finished[candle.open_ms] = candle
        if len(self.finished) > KEPT:
            del self.finished[min(self.finished)]
            self.series.coverage = self.series.coverage.clipped(min(self.finished))


@dataclass
class Shadow:
    """A Listener, on the loop of its streams. `now_ms`: exchange time; `messages` counts what was heard."""

    dialect: Dialect
    now_ms: Callable[[], int]
    say: Say
    kept: dict[Pair, Kept] = field(default_factory=dict)
    tickers: dict[str, Ticker] = field(default_factory=dict)
    messages: int = 0

    def watch(self, pairs: Iterable[Pair]) -> None:
        """Keep what is heard of these."""
        told = self.dialect.is_close_told
        self.kept = {pair: Kept(Series(pair, KEPT, is_streamed=True, is_close_told=told)) for pair in pairs}

    def on_event(self, event: Heard) -> None:
        """From the streams: a candle or a ticker."""
        self.messages += 1
        if not isinstance(event, CandleEvent):
            self.tickers[event.ticker.symbol] = event.ticker
            return
        kept = self.kept.get(event.pair)
        if kept is not None:
            if not event.is_snapshot:
                kept.series.heard(event.candle)
            kept.take(event.candle)

    def on_doubt(self, subjects: Collection[Subject], since_ms: int, why: str) -> None:
        """From the streams: what these said since then may be incomplete."""
        now_ms = self.now_ms()
        for kept in self._of(subjects):
            kept.series.doubt(since_ms, now_ms)

    def on_live(self, subjects: Collection[Subject], from_ms: int) -> None:
        """From the streams: these bring everything from then on."""
        for kept in self._of(subjects):
            kept.series.live(from_ms)

    def on_trouble(self, text: str) -> None:
        """From the streams: what a person should know."""
        self.say(text)

    def unsay(self, since_ms: int, until_ms: int) -> None:
        """The time was ahead meanwhile: what was taken for finished may not have been."""
        for kept in self.kept.values():
            kept.series.unsay(since_ms, until_ms)

    async def run(self) -> None:
        """See by the exchange's clock which candles ended, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """The same once."""
        now_ms = self.now_ms()
        for kept in self.kept.values():
            finished = kept.series.settle(now_ms)
            if finished is not None:
                kept.take(finished)

    def pass_to(self, series: Mapping[Pair, Series], writer: Writer) -> None:
        """Let these go on from here: `series` know what the cache has, and only what that lacks is written."""
        self.look()
        for pair, kept in self.kept.items():
            if pair in series:
                _pass(kept, series[pair], writer)
        for ticker in self.tickers.values():
            writer.put_ticker(ticker)

    def _of(self, subjects: Collection[Subject]) -> list[Kept]:
        return [self.kept[one] for one in subjects if isinstance(one, Pair) and one in self.kept]


def _pass(kept: Kept, series: Series, writer: Writer) -> None:
    """What ended after all that the cache has is told to who waits for it, however long ago: nobody else has."""
    had, at = series.coverage, sorted(kept.finished)
    told_until_ms = had.spans[-1].end_ms if had.spans else None
    series.adopt(kept.series)
    for start_ms, end_ms in had.unverified(at[0], at[-1] + 1) if at else ():
        for open_ms in at[bisect_left(at, start_ms) : bisect_left(at, end_ms)]:
            candle = kept.finished[open_ms]
            is_untold = told_until_ms is not None and open_ms >= told_until_ms
            writer.put(series.pair, candle, live=is_untold or series.is_live(candle))
    if kept.opened is not None and not (at and kept.opened.open_ms <= at[-1]):
        writer.put(series.pair, kept.opened, live=False)
    if series.coverage != had:
        writer.put_coverage(series.pair, series.coverage)

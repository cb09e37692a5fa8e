"""Writes what is heard into the cache, in groups, and keeps what could not be written.

What waits is the newest state of each open candle and every finished one, so it is bounded by the pairs, not by the
messages: a slow store costs freshness, never memory, a message or the connection to the exchange.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from perseus.errors import StoreUnavailable
from perseus.exchanges.clock import ExchangeClock
from perseus.ingest.engine.lag import Lag
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.market.precedence import change
from perseus.market.ticker import Ticker
from perseus.outage import Outage

FLUSH_SECONDS = 0.05
RETRY_SECONDS = 1.0
TOLD_MAX = 100
"""Of each pair: the newest finished candles that were told are not told again before their loss is noticed."""
FINISHED_MAX = 1_000
"""Finished candles of one pair that wait at most: the cache keeps no more."""

Candles = Mapping[Pair, Sequence[Candle]]
Told = Mapping[Pair, Collection[int]]
"""Open times of candles that were told as finished."""
Say = Callable[[str], None]
"""Is told one line for people."""


class Sink(Protocol):
    """The cache, seen from the loop. Errors are those of the store, and WriteFenced."""

    async def store(
        self, candles: Candles, live: bool, coverage: Mapping[Pair, Coverage], told: Told
    ) -> Collection[Pair]:
        """Write candles, and with them what is sure of their pairs; with `live` those that end are published.

        Those that were `told`, which the store may have lost, are published as a correction only.
        Gives the pairs of which the store has lost something: what is sure of them was not written.
        """

    async def store_tickers(self, tickers: Sequence[Ticker]) -> None:
        """Write and publish tickers."""


class Writer:
    """`run` writes until it is cancelled. `written` counts candles; `lag`: from the exchange's event to the store.

    `noted`: what the store was told to be sure of each pair; `lost`: pairs of which it has lost something since. Who
    holds `turn` sees the store as it is between two writes.
    """

    def __init__(self, sink: Sink, clock: ExchangeClock, outage: Outage) -> None:
        self._sink = sink
        self._clock = clock
        self._outage = outage
        self._open: dict[Pair, Candle] = {}
        self._finished: dict[Pair, dict[int, Candle]] = {}
        self._past: dict[Pair, dict[int, Candle]] = {}
        self._coverages: dict[Pair, Coverage] = {}
        self._told: dict[Pair, deque[int]] = {}
        self._tickers: dict[str, Ticker] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._wanted = asyncio.Event()
        self.forgotten: list[tuple[Pair, int]] = []
        self.noted: dict[Pair, Coverage] = {}
        self.lost: set[Pair] = set()
        self.turn = asyncio.Lock()
        self.written = 0
        self.lag = Lag()

    def put(self, pair: Pair, candle: Candle, *, live: bool) -> None:
        """Have a state written. Of an open candle only the newest state waits; a finished one waits until written."""
        if candle.is_closed:
            self._keep(self._finished if live else self._past, pair, candle)
        else:
            self._open[pair] = _newer(self._open.get(pair), candle)
        self._wake()

    def put_coverage(self, pair: Pair, coverage: Coverage) -> None:
        """Have it noted once all candles that were put before are written."""
        self._coverages[pair] = coverage
        self._wake()

    def put_ticker(self, ticker: Ticker) -> None:
        """Have it written, unless a newer one of its symbol comes first."""
        self._tickers[ticker.symbol] = ticker
        self._wake()

    async def run(self) -> None:
        """Write what was put, some twenty times a second. Raises what is no silence of the store: WriteFenced."""
        while True:
            await self._wanted.wait()
            try:
                async with self.turn:
                    await self._flush()
            except StoreUnavailable as error:
                self._outage.failed(error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._outage.done()
            await asyncio.sleep(FLUSH_SECONDS)

    async def drained(self) -> None:
        """Until everything that was put is written."""
        await self._idle.wait()

    def told(self, pair: Pair) -> Collection[int]:
        """When the newest finished candles open that were told."""
        return self._told.get(pair, ())

    @property
    def waiting(self) -> int:
        """States that are not written yet."""
        finished = sum(map(len, self._finished.values())) + sum(map(len, self._past.values()))
        return len(self._open) + finished + len(self._tickers)

    async def _flush(self) -> None:
        past, finished, opened = self._past, self._finished, self._open
        tickers, coverages = self._tickers, self._coverages
        self._past, self._finished, self._open, self._tickers, self._coverages = {}, {}, {}, {}, {}
        self._wanted.clear()
        try:
            if past:
                self.lost.update(
                    await self._sink.store({pair: _ordered(some) for pair, some in past.items()}, False, {}, {})
                )
                past = {}
            if finished or opened or coverages:
                told = {pair: self._told[pair] for pair in finished if pair in self._told}
                self._note(coverages, await self._sink.store(_together(finished, opened), True, coverages, told))
                self._note_lag(finished, opened)
                self._note_told(finished)
                finished, opened, coverages = {}, {}, {}
            if tickers:
                await self._sink.store_tickers(list(tickers.values()))
                tickers = {}
        finally:
            self._put_back(past, finished, opened, tickers, coverages)

    def _put_back(
        self,
        past: dict[Pair, dict[int, Candle]],
        finished: dict[Pair, dict[int, Candle]],
        opened: dict[Pair, Candle],
        tickers: dict[str, Ticker],
        coverages: dict[Pair, Coverage],
    ) -> None:
        """What was not written, unless something newer came meanwhile."""
        for kept, some in ((self._past, past), (self._finished, finished)):
            for pair, candles in some.items():
                for candle in candles.values():
                    self._keep(kept, pair, candle)
        for pair, candle in opened.items():
            self._open[pair] = _newer(self._open.get(pair), candle)
        self._tickers = {**tickers, **self._tickers}
        self._coverages = {**coverages, **self._coverages}
        if self.waiting or self._coverages:
            self._wake()
        else:
            self._idle.set()

    def _keep(self, kept: dict[Pair, dict[int, Candle]], pair: Pair, candle: Candle) -> None:
        candles = kept.setdefault(pair, {})
        candles[candle.open_ms] = _newer(candles.get(candle.open_ms), candle)
        if len(candles) > FINISHED_MAX:
            oldest = min(candles)
            del candles[oldest]
            self.forgotten.append((pair, oldest))

    def _note(self, coverages: Mapping[Pair, Coverage], lost: Collection[Pair]) -> None:
        self.lost.update(lost)
        self.noted.update((pair, coverage) for pair, coverage in coverages.items() if pair not in self.lost)

    def _note_told(self, finished: Mapping[Pair, Collection[int]]) -> None:
        for pair, opens in finished.items():
            told = self._told.setdefault(pair, deque(maxlen=TOLD_MAX))
            told.extend(at for at in sorted(opens) if at not in told)

    def _note_lag(self, finished: dict[Pair, dict[int, Candle]], opened: dict[Pair, Candle]) -> None:
        now_ms = self._clock.now_ms()
        for candle in (*opened.values(), *(one for some in finished.values() for one in some.values())):
            self.lag.note(now_ms - candle.event_ms)
            self.written += 1

    def _wake(self) -> None:
        if not self._wanted.is_set():
            self._wanted.set()
            self._idle.clear()


def _newer(known: Candle | None, candle: Candle) -> Candle:
    if known is None or candle.open_ms > known.open_ms:
        return candle
    if candle.open_ms < known.open_ms:
        return known
    if not known.is_closed and candle.event_ms > known.event_ms:
        return candle  # as `change` would have it; it is so of nearly all that is heard
    return candle if change(known, candle).is_written else known


def _ordered(candles: Mapping[int, Candle]) -> list[Candle]:
    return [candles[open_ms] for open_ms in sorted(candles)]


def _together(finished: Mapping[Pair, Mapping[int, Candle]], opened: Mapping[Pair, Candle]) -> dict[Pair, list[Candle]]:
    """By pair, oldest first, the open one last."""
    together = {pair: _ordered(candles) for pair, candles in finished.items()}
    for pair, candle in opened.items():
        together.setdefault(pair, []).append(candle)
    return together

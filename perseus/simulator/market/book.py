"""All candles of one symbol: built from its trades since the start, drawn before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from perseus.simulator.market import buckets
from perseus.simulator.market.bar import Bar, empty
from perseus.simulator.market.past import Past
from perseus.simulator.market.walk import Trade

LONGER = tuple(name for name in buckets.TIMEFRAMES if name != "1m")


@dataclass
class Book:
    """Read it after `advance`. `listed_ms`: before it there is nothing. `start_ms`: where the past meets the trades."""

    past: Past
    trades: Iterator[Trade]
    start_ms: int
    listed_ms: int
    is_trading: bool = True
    last_price: int = 0
    last_ms: int = 0
    _next: Trade | None = None
    _next_id: int = 0
    _minute: Bar | None = None
    _running: dict[str, Bar] = field(default_factory=dict)
    _done: dict[str, dict[int, Bar]] = field(default_factory=dict)
    _drawn: dict[tuple[str, int], Bar | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._next_id = self.start_ms
        self.last_price = self.past.price(self.start_ms)
        self._done = {name: {} for name in buckets.TIMEFRAMES}
        self._next = next(self.trades, None)
        for name in LONGER:
            opened = buckets.open_of(name, self.start_ms)
            if opened < self.start_ms and opened >= self.listed_ms and (begun := self.past.bar(name, opened)):
                self._running[name] = begun

    def next_ms(self) -> int | None:
        """When the next trade falls; None after the last of a tape."""
        return self._next.ms if self._next else None

    def advance(self, to_ms: int) -> None:
        """Take in every trade up to `to_ms`, that moment included. Those while trading is halted never were."""
        while self._next and self._next.ms <= to_ms:
            if self.is_trading and self._next.ms >= self.listed_ms:
                self._take(self._next)
            self._next = next(self.trades, None)

    def bar(self, timeframe: str, open_ms: int) -> Bar | None:
        """The candle that opens then, as far as it has come; None where nobody has traded in it."""
        if open_ms < buckets.open_of(timeframe, self.listed_ms):
            return None
        if open_ms < buckets.open_of(timeframe, self.start_ms):
            return self._of_past(timeframe, open_ms)
        found = self._done[timeframe].get(open_ms) or self._of_running(timeframe, open_ms)
        return found and found.copy()

    def first_open(self, timeframe: str) -> int:
        """The bucket of the listing."""
        return buckets.open_of(timeframe, self.listed_ms)

    def _of_past(self, timeframe: str, open_ms: int) -> Bar | None:
        if (timeframe, open_ms) not in self._drawn:
            self._drawn[timeframe, open_ms] = self.past.bar(timeframe, open_ms)
        found = self._drawn[timeframe, open_ms]
        return found and found.copy()

    def _of_running(self, timeframe: str, open_ms: int) -> Bar | None:
        minute = self._minute
        if minute and buckets.open_of(timeframe, minute.open_ms) != open_ms:
            minute = None
        run = self._running.get(timeframe)
        if run is None or run.open_ms != open_ms:
            return minute and minute.copy(open_ms)
        whole = run.copy()
        if minute:
            whole.add(minute)
        return whole

    def _take(self, trade: Trade) -> None:
        opened = trade.ms - trade.ms % buckets.MINUTE
        if self._minute is None or self._minute.open_ms != opened:
            self._roll()
            self._minute = empty(opened, trade.price, self._next_id)
        self._minute.take(trade.price, trade.amount, trade.is_buy)
        self._next_id += 1
        self.last_price, self.last_ms = trade.price, trade.ms

    def _roll(self) -> None:
        """The minute is over: it becomes a part of each longer candle."""
        minute, self._minute = self._minute, None
        if minute is None:
            return
        self._done["1m"][minute.open_ms] = minute
        for name in LONGER:
            opened, run = buckets.open_of(name, minute.open_ms), self._running.get(name)
            if run and run.open_ms == opened:
                run.add(minute)
                continue
            if run:
                self._done[name][run.open_ms] = run
            self._running[name] = minute.copy(opened)

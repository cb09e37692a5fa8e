"""What really was at one simulated exchange: its symbols and all their candles, whatever the faults made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from perseus.simulator.market import buckets
from perseus.simulator.market.bar import Bar
from perseus.simulator.market.book import Book
from perseus.simulator.market.past import Past
from perseus.simulator.market.walk import Manner, tape, walk

AGE_MS = 1_500 * buckets.DAY
LAST_MS = 5 * buckets.MINUTE


@dataclass
class Market:
    """One symbol. `status` in the words of its exchange. `alias_of`: another name of that one, with its candles."""

    symbol: str
    base: str
    quote: str
    manner: Manner
    status: str = "TRADING"
    listed_ms: int | None = None
    alias_of: str = ""
    tape: Path | None = None
    gone_ms: int | None = None

    @property
    def is_gone(self) -> bool:
        return self.gone_ms is not None


@dataclass(frozen=True)
class Known:
    """A candle of the truth. `must`: False where a client cannot be asked to have it, as only one side ever told it.

    `is_lost`: it was the last of a symbol that is gone, and nobody can find out any more what it was.
    """

    bar: Bar
    is_closed: bool
    must: bool
    is_lost: bool = False


@dataclass
class Truth:
    """Ask it about any time up to now; what is later has not happened. Times are Unix milliseconds, opens of buckets.

    `only_stream`: candles that REST never has. `only_rest`: flat rows that REST made up where nobody traded.
    """

    seed: str
    start_ms: int
    now_ms: Callable[[], int]
    markets: dict[str, Market] = field(default_factory=dict)
    only_stream: set[tuple[str, str, int]] = field(default_factory=set)
    only_rest: dict[tuple[str, str, int], Bar] = field(default_factory=dict)
    _books: dict[str, Book] = field(default_factory=dict)

    def add(self, market: Market) -> None:
        self.markets[market.symbol] = market

    def all_of(self, markets: Iterable[Market]) -> Truth:
        for market in markets:
            self.add(market)
        return self

    def book(self, symbol: str) -> Book:
        """That symbol's, advanced to now. Raises KeyError for an unknown one."""
        market = self.markets[symbol]
        market = self.markets.get(market.alias_of, market)
        if (book := self._books.get(market.symbol)) is None:
            book = self._books[market.symbol] = self._begun(market)
        book.advance(self.now_ms())
        return book

    def bar(self, symbol: str, timeframe: str, open_ms: int) -> Bar | None:
        return self.book(symbol).bar(timeframe, open_ms) if open_ms <= self.now_ms() else None

    def bars(self, symbol: str, timeframe: str, first_ms: int | None, last_ms: int | None, limit: int) -> list[Bar]:
        """Those that open from `first_ms` to `last_ms`, both included, in order; without a first the newest ones."""
        book, last = self.book(symbol), min(self.now_ms(), self.now_ms() if last_ms is None else last_ms)
        opens = self._forward(book, timeframe, first_ms, last) if first_ms is not None else _back(book, timeframe, last)
        found: list[Bar] = []
        for opened in opens:
            if bar := book.bar(timeframe, opened):
                found.append(bar)
                if len(found) == limit:
                    break
        return found if first_ms is not None else found[::-1]

    def known(self, symbol: str, timeframe: str, first_ms: int, last_ms: int) -> list[Known]:
        """All candles that a client can have of that span, in order, for comparing."""
        now, book = self.now_ms(), self.book(symbol)
        found = []
        for opened in self._forward(book, timeframe, first_ms, min(last_ms, now)):
            key = (symbol, timeframe, opened)
            bar = book.bar(timeframe, opened) or self.only_rest.get(key)
            if bar:
                must = key not in self.only_stream and key not in self.only_rest
                closed = buckets.close_of(timeframe, opened)
                found.append(Known(bar, closed <= now, must, self._is_lost(symbol, closed)))
        return found

    def _is_lost(self, symbol: str, closed: int) -> bool:
        gone = self.markets[symbol].gone_ms
        return gone is not None and closed > gone - LAST_MS

    def _begun(self, market: Market) -> Book:
        seed = f"{self.seed}/{market.symbol}"
        start = self.start_ms - self.start_ms % buckets.MINUTE
        trades = tape(market.tape, start) if market.tape else walk(seed, market.manner, start)
        listed = start - AGE_MS if market.listed_ms is None else market.listed_ms
        return Book(Past(seed, market.manner, start), trades, start, listed)

    def _forward(self, book: Book, timeframe: str, first_ms: int, last_ms: int) -> Iterator[int]:
        if first_ms > last_ms:
            return
        opened = max(buckets.first_from(timeframe, first_ms), book.first_open(timeframe))
        while opened <= last_ms:
            yield opened
            opened = buckets.close_of(timeframe, opened)


def _back(book: Book, timeframe: str, last_ms: int) -> Iterator[int]:
    opened = buckets.open_of(timeframe, last_ms)
    while opened >= book.first_open(timeframe):
        yield opened
        opened = buckets.before(timeframe, opened)

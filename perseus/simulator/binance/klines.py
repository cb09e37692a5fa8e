"""The event streams of Binance: when an event is due, and what its faults make of it.

A candle is told at most every 2 s, and only when it has changed. Its closing event comes with the first trade of the
next one or 2 s after its end, whichever is first; one that nobody traded in is never told.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from perseus.simulator.binance import forms
from perseus.simulator.market import buckets
from perseus.simulator.market.bar import text
from perseus.simulator.market.watch import Paced

if TYPE_CHECKING:
    from perseus.simulator.binance.rest import Binance

KLINE_MS = 2_000
TICKER_MS = 1_000
CLOSE_MS = 2_000
Event = dict[str, Any]


class Klines:
    """All of one exchange. A stream begins with its first subscriber and never ends."""

    def __init__(self, exchange: Binance) -> None:
        self._exchange = exchange
        self._held: dict[str, list[Event]] = {}
        self._changed: set[str] = set()

    def begin(self, stream: str) -> bool:
        """False when no such stream tells anything: an unknown symbol, or an event that is not simulated."""
        if stream == "!miniTicker@arr":
            return self._begin_all()
        name, _, kind = stream.partition("@")
        symbol = name.upper()
        if self._exchange.market(symbol) is None:
            return False
        if kind == "miniTicker":
            paced = Paced(self._exchange.timers, TICKER_MS, partial(self._tell_ticker, stream, symbol))
            self._exchange.watch(symbol).listen(stream, lambda _: paced.wanted())
            return True
        timeframe = kind.removeprefix("kline_")
        if kind == timeframe or timeframe not in buckets.TIMEFRAMES:
            return False
        feed = KlineFeed(self, self._exchange, symbol, timeframe)
        if self._exchange.watch(symbol).listen(stream, feed.traded):
            feed.begin()
        return True

    def tell(self, stream: str, symbol: str, event: Event) -> None:
        """Publish one event of a candle, as the faults have it."""
        hit, after = self._exchange.faults.hit, self._exchange.timers.after
        is_closed, send = event["k"]["x"], partial(self.send, stream, symbol)
        if (is_closed and hit("close_missing", stream)) or hit("kline_missing", stream):
            return
        if is_closed and (fault := hit("close_corrected", stream)):
            after(int(fault.params["ms"]), partial(self._corrected, stream, symbol, event))
            state = event["k"] | {"v": text(1), "n": 1}
            event = event | {"k": state}
        if hit("kline_nan", stream):
            event = event | {"k": event["k"] | {"c": "NaN"}}
        if fault := hit("time_backwards", stream):
            event = event | {"E": event["E"] - int(fault.params["ms"])}
        if hit("channel_renamed", stream):
            event = event | {"e": "kline2"}
        if hit("unknown_event", stream):
            send({"e": "marketWeather", "E": event["E"], "s": symbol, "w": "fair"})
        if fault := hit("kline_late", stream) or hit("kline_reordered", stream):
            after(int(fault.params["ms"]), partial(send, event))
            return
        send(event)
        if hit("kline_duplicate", stream):
            send(event)

    def _corrected(self, stream: str, symbol: str, event: Event) -> None:
        self.send(stream, symbol, event | {"E": self._exchange.told_ms()})

    def send(self, stream: str, symbol: str, event: Any) -> None:
        """To whoever is subscribed."""
        self._exchange.counters.seen["events"] += 1
        torn = self._exchange.faults.hit("fragmented", stream) is not None
        for session in tuple(self._exchange.subscribers.get(stream, {}).values()):
            session.tell_event(stream, event, torn)

    def _tell_ticker(self, stream: str, symbol: str) -> None:
        if self._exchange.faults.hit("kline_missing", stream) is None:
            self.send(stream, symbol, forms.mini_ticker(self._exchange, symbol))

    def _begin_all(self) -> bool:
        paced = Paced(self._exchange.timers, TICKER_MS, self._tell_all)
        for symbol in self._exchange.truth.markets:

            def changed(_: int, symbol: str = symbol) -> None:
                self._changed.add(symbol)
                paced.wanted()

            self._exchange.watch(symbol).listen("!miniTicker@arr", changed)
        return True

    def _tell_all(self) -> None:
        symbols, self._changed = sorted(self._changed), set()
        self.send("!miniTicker@arr", "", [forms.mini_ticker(self._exchange, symbol) for symbol in symbols])


class KlineFeed:
    """The events of one symbol and timeframe."""

    def __init__(self, klines: Klines, exchange: Binance, symbol: str, timeframe: str) -> None:
        self._klines = klines
        self._exchange = exchange
        self._symbol = symbol
        self._timeframe = timeframe
        self._stream = f"{symbol.lower()}@kline_{timeframe}"
        self._paced = Paced(exchange.timers, KLINE_MS, self._tell_open)
        self._open_ms: int | None = None

    def begin(self) -> None:
        """Take up the candle that runs, if anybody has traded in it."""
        opened = buckets.open_of(self._timeframe, self._exchange.timers.now_ms)
        if self._exchange.truth.bar(self._symbol, self._timeframe, opened):
            self._enter(opened)

    def traded(self, ms: int) -> None:
        opened = buckets.open_of(self._timeframe, ms)
        if opened != self._open_ms:
            if self._open_ms is not None:
                self._close(self._open_ms)
            self._enter(opened)
        self._paced.wanted()

    def _enter(self, opened: int) -> None:
        self._open_ms = opened
        late = CLOSE_MS + (opened // 60_000 + len(self._stream)) % 5
        self._exchange.timers.at(buckets.close_of(self._timeframe, opened) + late, partial(self._close, opened))

    def _close(self, opened: int) -> None:
        if self._open_ms == opened:
            self._tell(opened, True)
            self._open_ms = None
            self._paced.told()

    def _tell_open(self) -> None:
        if self._open_ms is not None:
            self._tell(self._open_ms, False)

    def _tell(self, opened: int, is_closed: bool) -> None:
        bar = self._exchange.truth.bar(self._symbol, self._timeframe, opened)
        if bar:
            event = forms.kline(self._exchange, self._symbol, self._timeframe, bar, is_closed)
            self._klines.tell(self._stream, self._symbol, event)

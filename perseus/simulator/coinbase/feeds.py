"""The channels of Coinbase that follow trades: candles of five minutes once a second, and tickers."""

from __future__ import annotations

import random
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from perseus.simulator.coinbase import forms
from perseus.simulator.market import buckets
from perseus.simulator.market.watch import Paced

if TYPE_CHECKING:
    from perseus.simulator.coinbase.rest import Coinbase

CANDLE_MS = 1_000
BATCH_MS = 5_000
TICKER_MS = 50
SNAPSHOT = 100
SNAPSHOT_OF = (161, 197)
FRAME = "5m"
CHANNELS = ("candles", "ticker", "ticker_batch")


class Feeds:
    """All of one exchange. A stream is `<channel>:<product>`; it begins with its first subscriber."""

    def __init__(self, exchange: Coinbase) -> None:
        self._exchange = exchange
        self._dice = random.Random(f"{exchange.truth.seed}/snapshots")

    def begin(self, channel: str, product: str) -> None:
        exchange, stream = self._exchange, f"{channel}:{product}"
        if channel == "candles":
            exchange.watch(product).listen(stream, CandleFeed(self, exchange, product).traded)
            return
        tell = partial(self._tell_ticker, channel, product)
        paced = Paced(exchange.timers, TICKER_MS if channel == "ticker" else BATCH_MS, tell)
        exchange.watch(product).listen(stream, lambda _: paced.wanted())

    def snapshot(self, product: str) -> dict[str, Any]:
        """Out of order, with holes: it is no history."""
        now = self._exchange.timers.now_ms
        first = now - self._dice.randint(*SNAPSHOT_OF) * buckets.FIXED[FRAME]
        bars = self._exchange.truth.bars(product, FRAME, first, now, 200)
        bars = self._dice.sample(bars, min(len(bars), SNAPSHOT))
        return {"type": "snapshot", "candles": [forms.streamed(self._exchange, product, bar) for bar in bars]}

    def ticker(self, channel: str, product: str, kind: str) -> dict[str, Any]:
        return {"type": kind, "tickers": [forms.ticker(self._exchange, product, channel == "ticker")]}

    def _tell_ticker(self, channel: str, product: str) -> None:
        self.tell(channel, product, self.ticker(channel, product, "update"))

    def tell(self, channel: str, product: str, event: dict[str, Any], is_last: bool = False) -> None:
        """Publish one event, as the faults have it. `is_last`: of a candle that is over."""
        stream = f"{channel}:{product}"
        hit, after = self._exchange.faults.hit, self._exchange.timers.after
        if hit("kline_missing", stream) or (is_last and hit("close_missing", stream)):
            return
        if channel == "candles" and hit("kline_nan", stream):
            event = {**event, "candles": [{**event["candles"][0], "close": "NaN"}]}
        if hit("unknown_event", stream):
            self.send(stream, forms.message(self._exchange, "weather", [{"type": "update", "fair": True}]))
        back = hit("time_backwards", stream)
        message = forms.message(
            self._exchange, self.named(channel, product), [event], int(back.params["ms"]) if back else 0
        )
        if fault := hit("kline_late", stream) or hit("kline_reordered", stream):
            after(int(fault.params["ms"]), partial(self.send, stream, message))
            return
        self.send(stream, message)
        if hit("kline_duplicate", stream):
            self.send(stream, message)

    def named(self, channel: str, product: str) -> str:
        """What the channel is called in what it brings."""
        is_renamed = channel == "candles" and self._exchange.faults.hit("channel_renamed", f"{channel}:{product}")
        return "candles_v2" if is_renamed else channel

    def send(self, stream: str, message: dict[str, Any]) -> None:
        """To whoever is subscribed, each with its own number."""
        self._exchange.counters.seen["events"] += 1
        torn = self._exchange.faults.hit("fragmented", stream) is not None
        for session in tuple(self._exchange.subscribers.get(stream, {}).values()):
            session.tell_event(stream, message, torn)


class CandleFeed:
    """The candles of one product: what changed is told once a second, the older candle first."""

    def __init__(self, feeds: Feeds, exchange: Coinbase, product: str) -> None:
        self._feeds = feeds
        self._exchange = exchange
        self._product = product
        self._changed: deque[int] = deque()
        self._paced = Paced(exchange.timers, CANDLE_MS, self._tell)

    def traded(self, ms: int) -> None:
        opened = buckets.open_of(FRAME, ms)
        if opened not in self._changed:
            self._changed.append(opened)
        self._paced.wanted()

    def _tell(self) -> None:
        if not self._changed:
            return
        opened = self._changed.popleft()
        bar = self._exchange.truth.bar(self._product, FRAME, opened)
        if bar:
            told = {"type": "update", "candles": [forms.streamed(self._exchange, self._product, bar)]}
            self._feeds.tell("candles", self._product, told, self._is_last(opened))
        if self._changed:
            self._exchange.timers.after(CANDLE_MS, self._paced.wanted)

    def _is_last(self, opened: int) -> bool:
        """Whether nobody will trade in that candle any more: the faults know the future."""
        due = self._exchange.truth.book(self._product).next_ms()
        return bool(self._changed) or due is None or buckets.open_of(FRAME, due) != opened

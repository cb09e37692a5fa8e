"""One WebSocket of Coinbase Advanced Trade: subscriptions, sequence numbers, heartbeats, and the end of quiet ones."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from perseus.exchanges.wire.transport import Text
from perseus.simulator.coinbase import forms
from perseus.simulator.coinbase.feeds import CHANNELS
from perseus.simulator.session import Session, Torn
from perseus.simulator.wire import Asked

if TYPE_CHECKING:
    from perseus.simulator.coinbase.rest import Coinbase

FIRST_MS = 5_000
QUIET_MS = 75_000
LOOK_MS = 5_000
BEAT_MS = 1_000
REAL_MS = 5_000
"""Of real time at least, for a first subscription and before a quiet connection ends."""


class CoinbaseSession(Session):
    """`channels`: the products of each, as the client named them."""

    exchange: Coinbase

    def __init__(self, exchange: Coinbase, asked: Asked, number: int) -> None:
        super().__init__(exchange, asked, number)
        self.channels: dict[str, dict[str, None]] = {}
        self._sequence: Counter[str] = Counter()
        self._beats = 0
        self._told_ms = self.opened_ms

    def begin(self) -> None:
        timers, life_ms = self.exchange.timers, self.exchange.rules.life_ms
        timers.by(timers.at_least(FIRST_MS, REAL_MS), self._must_have_subscribed)
        timers.after(LOOK_MS, self._look)
        timers.after(timers.at_least(life_ms, life_ms), lambda: self.end(1001, ""))

    def heard_text(self, data: bytes) -> None:
        if self.is_over or self.is_half_open:
            return
        self.exchange.counters.seen["messages"] += 1
        if not self.exchange.admits_message(self.asked.address):
            self.exchange.counters.breach("messages_over_limit")
            self.complain("rate limit exceeded")
            self.punish("rate limit exceeded")
            return
        try:
            self._obey(msgspec.json.decode(data))
        except msgspec.DecodeError:
            self._misread("failed to parse the message")

    def tell_event(self, stream: str, event: Any, is_torn: bool) -> None:
        self._number(event, stream, is_torn)

    def reset_sequence(self) -> None:
        self._sequence.clear()

    def snapshot_again(self) -> None:
        for product in self.channels.get("candles", {}):
            self._snapshot("candles", product)

    def skip_heartbeats(self, by: int) -> None:
        self._beats += by

    def complain(self, message: str) -> None:
        self.told({"type": "error", "message": message})

    def _obey(self, message: Any) -> None:
        if isinstance(message, dict) and ("channels" in message or isinstance(message.get("channel"), list)):
            self.exchange.counters.breach("several_channels")
        if not isinstance(message, dict) or message.get("type") not in ("subscribe", "unsubscribe"):
            self._misread("type is required")
            return
        channel, products = message.get("channel"), message.get("product_ids") or []
        if channel not in (*CHANNELS, "heartbeats") or not all(isinstance(one, str) for one in products):
            self._misread("channel is required")
            return
        self.exchange.counters.seen[message["type"]] += 1
        if message["type"] == "subscribe":
            self._subscribe(channel, products)
        else:
            self._unsubscribe(channel, products)

    def _misread(self, text: str) -> None:
        self.exchange.counters.breach("bad_message")
        self.complain(text)

    def _subscribe(self, channel: str, products: list[str]) -> None:
        is_new = channel not in self.channels
        kept = self.channels.setdefault(channel, {})
        if channel == "heartbeats":
            if is_new:
                self.exchange.timers.after(BEAT_MS, self._beat)
            self._acknowledge()
            return
        named = [self._delivered(product) for product in products]
        kept.update(dict.fromkeys(named))
        self._acknowledge()
        for product in named:
            self._follow(channel, product)

    def _follow(self, channel: str, product: str) -> None:
        if self.exchange.market(product) is None:
            self.exchange.counters.seen["silent_streams"] += 1
            return
        self.exchange.feeds.begin(channel, product)
        self.exchange.subscribe(self, f"{channel}:{product}")
        if self.number in self.exchange.subscribers.get(f"{channel}:{product}", {}):
            self._snapshot(channel, product)

    def _unsubscribe(self, channel: str, products: list[str]) -> None:
        for product in [self._delivered(one) for one in products] or list(self.channels.get(channel, {})):
            self.channels.get(channel, {}).pop(product, None)
            self.exchange.unsubscribe(self, f"{channel}:{product}")
        if not self.channels.get(channel):
            self.channels.pop(channel, None)
        self._acknowledge()

    def _delivered(self, product: str) -> str:
        """The id under which Coinbase delivers that one."""
        market = self.exchange.market(product)
        return market.alias_of or product if market else product

    def _acknowledge(self) -> None:
        if self.exchange.faults.hit("ack_never", str(self.number)):
            return
        named = {channel: list(products) for channel, products in self.channels.items()}
        if "heartbeats" in named:
            named["heartbeats"] = ["heartbeats"]
        self._tell("subscriptions", {"subscriptions": named})

    def _snapshot(self, channel: str, product: str) -> None:
        feeds = self.exchange.feeds
        event = feeds.snapshot(product) if channel == "candles" else feeds.ticker(channel, product, "snapshot")
        self._tell(feeds.named(channel, product), event, f"{channel}:{product}")

    def _tell(self, channel: str, event: Any, stream: str = "") -> None:
        self._number(forms.message(self.exchange, channel, [event]), stream)

    def _number(self, message: dict[str, Any], stream: str, is_torn: bool = False) -> None:
        """Send a message with the number that is next, unless a fault loses it after it was numbered."""
        scope = stream.partition(":")[2] if self.exchange.sequence_scope == "product" else ""
        data = msgspec.json.encode({**message, "sequence_num": self._sequence[scope]})
        self._sequence[scope] += 1
        if stream and self.exchange.faults.hit("sequence_jump", stream):
            return
        if message["channel"] != "subscriptions":
            self._told_ms = self.exchange.timers.now_ms
        self.put(Torn(data) if is_torn else Text(data))

    def _beat(self) -> None:
        if self.is_over or "heartbeats" not in self.channels:
            return
        self._tell("heartbeats", forms.heartbeat(self.exchange, self._beats))
        self._beats += 1
        self.exchange.timers.after(BEAT_MS, self._beat)

    def _must_have_subscribed(self) -> None:
        if not self.channels and not self.is_over and not self.is_half_open and not self.is_dead:
            self.exchange.counters.breach("subscribe_late")
            self.end(1000, "no subscription")

    def _look(self) -> None:
        """A connection on which nothing was told for long is closed."""
        if self.is_over:
            return
        timers = self.exchange.timers
        if timers.now_ms - self._told_ms >= timers.at_least(QUIET_MS, REAL_MS):
            self.exchange.counters.seen["closed_for_quiet"] += 1
            self.end(1000, "")
            return
        timers.after(LOOK_MS, self._look)

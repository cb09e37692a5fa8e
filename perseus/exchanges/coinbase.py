"""Coinbase Advanced Trade's dialect.

Source: its documentation of 2026, and what its public endpoints were seen to do. It streams candles of five minutes
only; the others come by REST alone. Products that it does not know, it takes without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from perseus.exchanges import history
from perseus.exchanges.coinbase_rows import FIVE_MINUTES
from perseus.exchanges.coinbase_streams import Scope, decode
from perseus.exchanges.dialect import (
    NO_ALIASES,
    BadAnswer,
    Message,
    NotFetched,
    Shard,
    SocketRules,
    Spent,
    Subscription,
    cut,
    possible_time,
    unless_known,
)
from perseus.exchanges.events import Event, Refused, Subject, brief, unread
from perseus.exchanges.history import History
from perseus.exchanges.symbols import Listing, Listings, Status
from perseus.exchanges.unreadable import UNREADABLE
from perseus.exchanges.wire.request import CONNECTS, MESSAGES, REQUESTS, Limit, Request
from perseus.exchanges.wire.transport import Answer
from perseus.market.candle import Candle, Pair
from perseus.market.timeframes import Timeframe

Read = TypeVar("Read")

BATCH = 100
DIGITS = 12
"""Of a number in a header at most."""
FRESH = {"cache-control": "no-cache"}
"""Public answers are up to a second old without it."""
GRANULARITIES = {
    "1m": "ONE_MINUTE",
    "5m": "FIVE_MINUTE",
    "15m": "FIFTEEN_MINUTE",
    "30m": "THIRTY_MINUTE",
    "1h": "ONE_HOUR",
    "2h": "TWO_HOUR",
    "4h": "FOUR_HOUR",
    "6h": "SIX_HOUR",
    "1d": "ONE_DAY",
}
STOPPED = ("trading_disabled", "is_disabled", "cancel_only", "post_only", "view_only")
PUBLIC = "/api/v3/brokerage/market/products"
REQUESTS_LIMIT = Limit(REQUESTS, 1_000, 10, is_calendar=False)
CONNECTS_LIMIT = Limit(CONNECTS, 1_000, 8, is_calendar=False)
MESSAGES_LIMIT = Limit(MESSAGES, 1_000, 8, is_calendar=False)

RULES = SocketRules(
    streams=200,
    messages=4,
    messages_span=1.25,
    are_messages_shared=True,
    connects=CONNECTS_LIMIT,
    lifetime=None,
    probe_after=5.0,
    dead_after=10.0,
    first_heard=30.0,
    is_ticker_proof=True,
)
"""Of one process: all of an address share MESSAGES_LIMIT. No lifetime is documented."""


class _Candle(msgspec.Struct, gc=False):
    start: str | int
    open: str
    high: str
    low: str
    close: str
    volume: str


class _Candles(msgspec.Struct):
    candles: list[_Candle]


class _Product(msgspec.Struct):
    product_id: str
    base_currency_id: str
    quote_currency_id: str
    status: str
    alias: str = ""
    trading_disabled: bool = False
    is_disabled: bool = False
    cancel_only: bool = False
    post_only: bool = False
    view_only: bool = False


class _Page(msgspec.Struct):
    has_next: bool = False


class _Products(msgspec.Struct):
    products: list[_Product]
    pagination: _Page | None = None


class _Time(msgspec.Struct):
    epochMillis: str | int


_candles = msgspec.json.Decoder(_Candles).decode
_products = msgspec.json.Decoder(_Products).decode
_time = msgspec.json.Decoder(_Time).decode
_any = msgspec.json.Decoder().decode


class Coinbase:
    """A Dialect. `scope`: what counts messages. The documentation says products, what was captured says connections."""

    name = "coinbase"
    history_limit = 350
    rules = RULES
    is_close_told = False
    first_limits: tuple[Limit, ...] = (REQUESTS_LIMIT, CONNECTS_LIMIT, MESSAGES_LIMIT)

    def __init__(self, scope: Scope = "connection", ticker_channel: str = "ticker") -> None:
        self.streamed: frozenset[Timeframe] = frozenset({FIVE_MINUTES})
        self.fetched: frozenset[Timeframe] = frozenset(map(Timeframe.parse, GRANULARITIES))
        self._scope: Scope = scope
        self._ticker_channel = ticker_channel

    def time_request(self) -> Request:
        return Request("/api/v3/brokerage/time", {}, 1, FRESH)

    def listings_request(self) -> Request:
        return Request(PUBLIC, {"product_type": "SPOT"}, 1, FRESH)

    def history_request(self, pair: Pair, start_ms: int, end_ms: int, limit: int) -> Request:
        unless_known(self.name, [pair], self.fetched, "has")
        count = pair.timeframe.count(start_ms, end_ms)
        if not 1 <= count <= limit <= self.history_limit:
            raise NotFetched(
                f"{self.name} gives 1 to {self.history_limit} candles in one answer: "
                f"not {count} of {pair}, with a limit of {limit}."
            )
        params = {
            "start": str(pair.timeframe.next_open(start_ms) // 1000),
            "end": str((end_ms - 1) // 1000),
            "granularity": GRANULARITIES[pair.timeframe.name],
            "limit": str(limit),
        }
        return Request(f"{PUBLIC}/{pair.symbol}/candles", params, 1, FRESH)

    def parse_time(self, answer: Answer) -> int:
        try:
            told_ms = int(self._read("its time", _time, answer).epochMillis)
        except ValueError as error:
            raise BadAnswer(self.name, "its time", str(error)) from None
        return possible_time(self.name, told_ms)

    def parse_listings(self, answer: Answer) -> tuple[Listings, tuple[Limit, ...]]:
        read = self._read("its products", _products, answer)
        if read.pagination and read.pagination.has_next:
            raise BadAnswer(self.name, "its products", "it gave a part of them only")
        return Listings.of(map(_listing, read.products)), ()

    def parse_history(self, answer: Answer, pair: Pair, asked_ms: int) -> History:
        rows, frame = self._read(f"candles of {pair}", _candles, answer).candles, pair.timeframe
        return history.read(rows, lambda row: int(row.start) * 1000, lambda row: _candle(row, frame, asked_ms), frame)

    def spent(self, headers: Mapping[str, str]) -> tuple[Spent, ...]:
        limit, left = headers.get("x-ratelimit-limit", ""), headers.get("x-ratelimit-remaining", "")
        if not (limit.isdecimal() and left.isdecimal() and len(limit + left) <= DIGITS):
            return ()
        return (Spent(REQUESTS, REQUESTS_LIMIT.interval_ms, max(0, int(limit) - int(left)), int(limit) or None),)

    def refusal(self, answer: Answer) -> Refused:
        try:
            said = _any(answer.body)
            error = said["errors"][0] if said.get("errors") else said
            return Refused(None, str(error.get("message") or error["error"]))
        except UNREADABLE:
            return Refused(None, unread(answer.body))

    def socket_plan(
        self, pairs: Iterable[Pair], tickers: Iterable[str], aliases: Mapping[str, str] = NO_ALIASES
    ) -> list[Shard]:
        wanted = list(pairs)
        unless_known(self.name, wanted, self.streamed, "streams")
        streams = [_subscription("candles", pair, aliases) for pair in sorted(wanted, key=lambda pair: pair.symbol)]
        streams += [_subscription(self._ticker_channel, symbol, aliases) for symbol in sorted(tickers)]
        return cut(streams, self.rules.streams, "")

    def subscribe_messages(self, subscriptions: Sequence[Subscription], first_id: int) -> list[Message]:
        return list(_messages("subscribe", subscriptions))

    def unsubscribe_messages(self, subscriptions: Sequence[Subscription], first_id: int) -> list[Message]:
        return list(_messages("unsubscribe", subscriptions))

    def greetings(self) -> list[Message]:
        return [Message(_text({"type": "subscribe", "channel": "heartbeats"}), None)]

    def probe_message(self, id: int) -> Message | None:
        return None

    def decode(self, data: bytes) -> list[Event]:
        return decode(data, self._scope)

    def _read(self, asked: str, read: Callable[[bytes], Read], answer: Answer) -> Read:
        try:
            return read(answer.body)
        except UNREADABLE as error:
            raise BadAnswer(self.name, asked, f"{error}; it begins {brief(answer.body)!r}") from None


def _listing(product: _Product) -> Listing:
    stopped = [name for name in STOPPED if getattr(product, name)]
    status: Status = "trading" if product.status == "online" and not stopped else "halted"
    if product.status == "delisted":
        status = "delisted"
    native = ", ".join([product.status, *stopped])
    return Listing(
        product.product_id,
        product.base_currency_id,
        product.quote_currency_id,
        status,
        native,
        product.alias or None,
    )


def _candle(row: _Candle, timeframe: Timeframe, asked_ms: int) -> Candle:
    open_ms = int(row.start) * 1000
    is_closed = timeframe.close_of(open_ms) <= asked_ms
    return Candle(open_ms, row.open, row.high, row.low, row.close, row.volume, None, None, asked_ms, is_closed)


def _subscription(channel: str, subject: Subject, aliases: Mapping[str, str]) -> Subscription:
    symbol = subject.symbol if isinstance(subject, Pair) else subject
    other = aliases.get(symbol)
    if other is None:
        return Subscription(f"{channel}:{symbol}", subject)
    delivered = Pair(other, subject.timeframe) if isinstance(subject, Pair) else other
    return Subscription(f"{channel}:{symbol}", subject, f"{channel}:{other}", delivered)


def _messages(act: str, subscriptions: Sequence[Subscription]) -> Iterator[Message]:
    """One channel a message, at most 100 products."""
    by_channel: dict[str, list[Subscription]] = {}
    for subscription in subscriptions:
        by_channel.setdefault(subscription.key.partition(":")[0], []).append(subscription)
    for channel, every in by_channel.items():
        for start in range(0, len(every), BATCH):
            batch = tuple(every[start : start + BATCH])
            products = [subscription.symbol for subscription in batch]
            yield Message(_text({"type": act, "channel": channel, "product_ids": products}), None, batch)


def _text(message: object) -> str:
    return msgspec.json.encode(message).decode()

"""Binance's dialect: binance.com and binance.us, which differ in what requests weigh and in little else.

Source: Binance's Spot API documentation, `rest-api.md` and `web-socket-streams.md` of 2026-07, and that of Binance.US
of 2024-06. Streams come raw or combined; both are read, with times in milliseconds or microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from perseus.exchanges import history
from perseus.exchanges.binance_streams import decode, milliseconds
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
from perseus.exchanges.events import Event, Refused, brief, unread
from perseus.exchanges.history import History
from perseus.exchanges.symbols import Listing, Listings, Status
from perseus.exchanges.unreadable import UNREADABLE
from perseus.exchanges.wire.request import CONNECTS, REQUESTS, WEIGHT, Limit, Request
from perseus.exchanges.wire.transport import Answer
from perseus.market.candle import Candle, Pair
from perseus.market.timeframes import TIMEFRAMES, Timeframe

Read = TypeVar("Read")

BATCH = 200
DIGITS = 12
"""Of a number in a header at most."""
HOUR = 3600.0
UNITS = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
LETTERS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
KINDS = {"REQUEST_WEIGHT": WEIGHT, "RAW_REQUESTS": REQUESTS}
USED = re.compile(r"x-mbx-used-weight-([0-9]+)([smhd])\Z")
HISTORY_WEIGHT = {"binance": 2, "binance_us": 1}
LISTINGS_WEIGHT = {"binance": 20, "binance_us": 10}
CONNECTS_LIMIT = Limit(CONNECTS, 300_000, 300, is_calendar=False)
"""Documented for binance.com; kept with binance.us as well, which documents none."""

RULES = SocketRules(
    streams=400,
    messages=4,
    messages_span=1.25,
    are_messages_shared=False,
    connects=CONNECTS_LIMIT,
    lifetime=(20 * HOUR, 23.5 * HOUR),
    probe_after=10.0,
    dead_after=20.0,
    first_heard=120.0,
    is_ticker_proof=False,
)
"""Of 1024 streams and 5 messages a second that are allowed; 24 h of life."""


class _Row(msgspec.Struct, array_like=True, gc=False):
    open_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    close_ms: int
    quote_volume: str
    trades: int


class _Time(msgspec.Struct):
    serverTime: int


class _Limit(msgspec.Struct):
    rateLimitType: str
    interval: str
    intervalNum: int
    limit: int


class _Symbol(msgspec.Struct):
    symbol: str
    status: str
    baseAsset: str
    quoteAsset: str


class _Info(msgspec.Struct):
    symbols: list[_Symbol]
    rateLimits: list[_Limit] = []


class _Error(msgspec.Struct):
    code: int
    msg: str


_rows = msgspec.json.Decoder(list[_Row]).decode
_time = msgspec.json.Decoder(_Time).decode
_info = msgspec.json.Decoder(_Info).decode
_error = msgspec.json.Decoder(_Error).decode


class Binance:
    """A Dialect. `name`: binance or binance_us."""

    history_limit = 1000
    rules = RULES
    is_close_told = True
    first_limits: tuple[Limit, ...] = (Limit(WEIGHT, 60_000, 1200, is_calendar=True), CONNECTS_LIMIT)

    def __init__(self, name: str) -> None:
        self.name = name
        known = {timeframe for timeframe in TIMEFRAMES if name == "binance" or timeframe.name != "1s"}
        self.streamed: frozenset[Timeframe] = frozenset(known)
        self.fetched: frozenset[Timeframe] = self.streamed

    def time_request(self) -> Request:
        return Request("/api/v3/time", {}, 1)

    def listings_request(self) -> Request:
        return Request("/api/v3/exchangeInfo", {}, LISTINGS_WEIGHT[self.name])

    def history_request(self, pair: Pair, start_ms: int, end_ms: int, limit: int) -> Request:
        unless_known(self.name, [pair], self.fetched, "has")
        if not 1 <= limit <= self.history_limit:
            raise NotFetched(f"{self.name} gives 1 to {self.history_limit} candles in one answer, not {limit}.")
        params = {
            "symbol": pair.symbol,
            "interval": pair.timeframe.name,
            "startTime": str(start_ms),
            "endTime": str(end_ms - 1),
            "limit": str(limit),
        }
        return Request("/api/v3/klines", params, HISTORY_WEIGHT[self.name])

    def parse_time(self, answer: Answer) -> int:
        return possible_time(self.name, milliseconds(self._read("its time", _time, answer).serverTime))

    def parse_listings(self, answer: Answer) -> tuple[Listings, tuple[Limit, ...]]:
        info = self._read("its symbols", _info, answer)
        return Listings.of(map(_listing, info.symbols)), (*self._limits(info.rateLimits), CONNECTS_LIMIT)

    def parse_history(self, answer: Answer, pair: Pair, asked_ms: int) -> History:
        rows, frame = self._read(f"candles of {pair}", _rows, answer), pair.timeframe
        return history.read(
            rows, lambda row: milliseconds(row.open_ms), lambda row: _candle(row, frame, asked_ms), frame
        )

    def spent(self, headers: Mapping[str, str]) -> tuple[Spent, ...]:
        found = []
        for name, value in headers.items():
            match = USED.match(name)
            if match and value.isdecimal() and len(value) <= DIGITS:
                found.append(Spent(WEIGHT, int(match[1]) * LETTERS[match[2]], int(value)))
        return tuple(found)

    def refusal(self, answer: Answer) -> Refused:
        try:
            error = _error(answer.body)
        except UNREADABLE:
            return Refused(None, unread(answer.body))
        return Refused(error.code, error.msg)

    def socket_plan(
        self, pairs: Iterable[Pair], tickers: Iterable[str], aliases: Mapping[str, str] = NO_ALIASES
    ) -> list[Shard]:
        wanted = list(pairs)
        unless_known(self.name, wanted, self.streamed, "streams")
        streams = [
            Subscription(f"{pair.symbol.lower()}@kline_{pair.timeframe.name}", pair)
            for pair in sorted(wanted, key=lambda pair: (pair.symbol, pair.timeframe.rank))
        ]
        streams += [Subscription(f"{symbol.lower()}@miniTicker", symbol) for symbol in sorted(tickers)]
        return cut(streams, self.rules.streams, "/stream")

    def subscribe_messages(self, subscriptions: Sequence[Subscription], first_id: int) -> list[Message]:
        return list(_messages("SUBSCRIBE", subscriptions, first_id))

    def unsubscribe_messages(self, subscriptions: Sequence[Subscription], first_id: int) -> list[Message]:
        return list(_messages("UNSUBSCRIBE", subscriptions, first_id))

    def greetings(self) -> list[Message]:
        return []

    def probe_message(self, id: int) -> Message | None:
        return Message(_text({"method": "LIST_SUBSCRIPTIONS", "id": id}), str(id))

    def decode(self, data: bytes) -> list[Event]:
        return decode(data)

    def _read(self, asked: str, read: Callable[[bytes], Read], answer: Answer) -> Read:
        try:
            return read(answer.body)
        except UNREADABLE as error:
            raise BadAnswer(self.name, asked, f"{error}; it begins {brief(answer.body)!r}") from None

    def _limits(self, told: Iterable[_Limit]) -> Iterator[Limit]:
        """Those that are about what we do; orders are not."""
        for limit in told:
            kind, unit = KINDS.get(limit.rateLimitType), UNITS.get(limit.interval)
            if kind and unit is None:
                raise BadAnswer(self.name, "its symbols", f"it limits requests by {limit.interval!r}")
            if kind and unit:
                yield Limit(kind, unit * limit.intervalNum, limit.limit, is_calendar=True)


def _listing(symbol: _Symbol) -> Listing:
    """Halted is all that is not TRADING: HALT, BREAK, CANCEL_ONLY, and words to come. Who is delisted is left out."""
    status: Status = "trading" if symbol.status == "TRADING" else "halted"
    return Listing(symbol.symbol, symbol.baseAsset, symbol.quoteAsset, status, symbol.status)


def _candle(row: _Row, timeframe: Timeframe, asked_ms: int) -> Candle:
    open_ms = milliseconds(row.open_ms)
    is_closed = timeframe.close_of(open_ms) <= asked_ms
    return Candle(
        open_ms,
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        row.quote_volume,
        row.trades,
        asked_ms,
        is_closed,
    )


def _messages(method: str, subscriptions: Sequence[Subscription], first_id: int) -> Iterator[Message]:
    for count, start in enumerate(range(0, len(subscriptions), BATCH)):
        batch, id = tuple(subscriptions[start : start + BATCH]), first_id + count
        keys = [subscription.key for subscription in batch]
        yield Message(_text({"method": method, "params": keys, "id": id}), str(id), batch)


def _text(message: object) -> str:
    return msgspec.json.encode(message).decode()

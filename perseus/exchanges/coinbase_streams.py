"""What Coinbase Advanced Trade's channels say, read into events.

All channels share one envelope, whose number comes before what it carries. Candles are of five minutes and never say
that they are finished; a snapshot of them is no history. Numbers may come as text, and text as numbers. Where a message
is bad each of its events and rows is read by itself, so that nobody is in doubt but whose row it is; a list that is
null has nothing in it. What has a number that is none is not believed, but it came: no number is missing for it. A
heartbeat brings nothing but its numbers, so that nobody is in doubt for one that is bad.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import msgspec

from perseus.exchanges.coinbase_rows import FIVE_MINUTES, Row, rows_of, shown, subjects_in, whole
from perseus.exchanges.events import (
    Beat,
    CandleEvent,
    Event,
    Refused,
    Sequence,
    Subject,
    Subscribed,
    TickerEvent,
    Unknown,
    Unnumbered,
    Unreadable,
    brief,
)
from perseus.exchanges.unreadable import UNREADABLE
from perseus.market.candle import Candle, Pair, is_decimal
from perseus.market.sanity import require_possible
from perseus.market.ticker import Ticker

HEARTBEATS = "heartbeats"
OURS = {"candles", "ticker", "ticker_batch", HEARTBEATS, "subscriptions"}
SNAPSHOT = "snapshot"
Scope = Literal["connection", "product"]


class _Candle(msgspec.Struct, gc=False):
    start: str | int
    open: str
    high: str
    low: str
    close: str
    volume: str
    product_id: str


class _Ticker(msgspec.Struct, gc=False):
    product_id: str
    price: str
    volume_24_h: str
    low_24_h: str
    high_24_h: str
    price_percent_chg_24_h: str
    best_bid: str = ""
    best_ask: str = ""


class _Said(msgspec.Struct):
    type: str = ""
    candles: list[_Candle] | None = None
    tickers: list[_Ticker] | None = None
    subscriptions: dict[str, list[str]] | None = None
    heartbeat_counter: int | str | None = None


class _Envelope(msgspec.Struct):
    channel: str
    timestamp: str = ""
    sequence_num: int | str | msgspec.UnsetType = msgspec.UNSET
    events: list[_Said] = []


_envelope = msgspec.json.Decoder(_Envelope).decode
_any = msgspec.json.Decoder().decode


def decode(data: bytes, scope: Scope) -> list[Event]:
    """The events of one message, its Sequence first. Never empty, raises nothing."""
    try:
        return _read(_envelope(data), scope)
    except UNREADABLE as error:
        problem = error
    try:
        return _read_slowly(data, scope, problem)
    except UNREADABLE as error:
        return [Unreadable(f"no message ({error}): {brief(data)}")]


def _read(said: _Envelope, scope: Scope) -> list[Event]:
    events: list[Event] = []
    if said.sequence_num is not msgspec.UNSET:
        number = whole(said.sequence_num)
        if number is None:
            raise ValueError(f"its number is {shown(said.sequence_num)}")
        events.append(Sequence(number, _scope(said) if scope == "product" else ""))
    if said.channel not in OURS:
        raise ValueError("its channel is none of ours")
    return [*events, *(list(_told(said)) or [Unknown(said.channel, is_empty=True)])]


def milliseconds(text: str) -> int:
    """Of an RFC 3339 time, with as many digits as it likes. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise ValueError(f"its timestamp is {text!r}") from None
    if moment.tzinfo is None:
        raise ValueError(f"its timestamp {text!r} has no time zone")
    return int(moment.timestamp() * 1000 + 0.0005)


@lru_cache(maxsize=20_000)
def _pair(product: str) -> Pair:
    return Pair(product, FIVE_MINUTES)


def _scope(said: _Envelope) -> str:
    """The product that a message is about, its channel when it is about none."""
    for event in said.events:
        if event.candles:
            return event.candles[0].product_id
        if event.tickers:
            return event.tickers[0].product_id
    return said.channel


def _told(said: _Envelope) -> Iterator[Event]:
    if said.channel == "subscriptions":
        for event in said.events:
            yield Subscribed(frozenset(_streams(event.subscriptions or {})))
        return
    told_ms = milliseconds(said.timestamp)
    for event in said.events:
        if said.channel == HEARTBEATS:
            yield _beat(event, told_ms)
        for candle in event.candles or ():
            yield _candle_event(candle, told_ms, event.type == SNAPSHOT)
        for ticker in event.tickers or ():
            yield _ticker_event(ticker, told_ms)


def _streams(channels: dict[str, list[str]]) -> Iterator[str]:
    for channel, products in channels.items():
        if channel == HEARTBEATS:
            yield channel
        else:
            yield from (f"{channel}:{product}" for product in products)


def _beat(said: _Said, told_ms: int) -> Event:
    try:
        return Beat(int(said.heartbeat_counter or 0), told_ms)
    except ValueError:
        return Unreadable(f"heartbeats: its counter is {brief(str(said.heartbeat_counter).encode())!r}", is_beat=True)


def _candle_event(said: _Candle, told_ms: int, is_snapshot: bool) -> Event:
    pair = None
    try:
        pair = _pair(said.product_id)
        open_ms = int(said.start) * 1000
        candle = Candle(open_ms, said.open, said.high, said.low, said.close, said.volume, None, None, told_ms, False)
        require_possible(candle, FIVE_MINUTES)
    except UNREADABLE as error:
        return Unreadable(f"candles of {said.product_id}: {error}", pair)
    return CandleEvent(pair, candle, is_snapshot)


def _ticker_event(said: _Ticker, told_ms: int) -> Event:
    try:
        return TickerEvent(
            Ticker(
                symbol=said.product_id,
                price=said.price,
                change24h=_change(said.price, said.price_percent_chg_24_h),
                change_percent24h=said.price_percent_chg_24_h,
                high24h=said.high_24_h,
                low24h=said.low_24_h,
                volume24h=said.volume_24_h,
                bid=said.best_bid or None,
                ask=said.best_ask or None,
                event_ms=told_ms,
            )
        )
    except UNREADABLE as error:
        return Unreadable(f"ticker of {said.product_id}: {error}", said.product_id)


def _change(price: str, percent: str) -> str | None:
    """What the percentage comes to, with the digits of the price: Coinbase does not tell it. None below -100 %."""
    if not (is_decimal(price) and is_decimal(percent.removeprefix("-"))):
        raise ValueError(f"{brief(price.encode())!r} and {brief(percent.encode())!r} are not both decimal numbers")
    now, share = Decimal(price), 1 + Decimal(percent) / 100
    return format((now - now / share).quantize(now), "f") if share > 0 else None


def _read_slowly(data: bytes, scope: Scope, problem: Exception) -> list[Event]:
    try:
        said = _any(data)
    except msgspec.MsgspecError as error:
        return [Unreadable(f"no JSON ({error}): {brief(data)}")]
    if not isinstance(said, dict):
        return [Unknown(brief(data))]
    if said.get("type") == "error":
        return [Refused(None, str(said.get("message", brief(data))))]
    if "channel" not in said:
        return [Unknown(str(said.get("type") or brief(data)))]
    channel = said["channel"] if isinstance(said["channel"], str) else ""
    if channel and channel not in OURS:
        return [*_number(said, scope, channel), Unknown(channel, subjects_in(said))]
    rows = list(rows_of(said, _flaw(said)))
    is_beat = channel == HEARTBEATS
    told = _one_by_one([one for one in rows if one.product or not is_beat], said.get("timestamp"))
    events = told or [Unreadable(f"{channel or 'no channel'}: {problem}", None, is_beat)]
    named = next((one.product for one in rows if one.product), channel)
    return [*_number(said, scope, named), *events]


def _number(said: dict[str, Any], scope: Scope, about: str) -> list[Event]:
    """The number of a message that cannot be read itself: it came, so nothing is missing."""
    if "sequence_num" not in said or (scope == "product" and not about):
        return []
    number, counted = whole(said["sequence_num"]), about if scope == "product" else ""
    return [Unnumbered(counted) if number is None else Sequence(number, counted)]


def _flaw(said: dict[str, Any]) -> str:
    """Why nothing of a message is believed, whatever its rows say; '' where there is no such reason."""
    if not isinstance(said["channel"], str):
        return f"its channel is {shown(said['channel'])}"
    if whole(number := said.get("sequence_num", 0)) is None:
        return f"its number is {shown(number)}"
    return "" if isinstance(said.get("events", []), list) else "its events are no list"


def _one_by_one(rows: list[Row], timestamp: Any) -> list[Event]:
    """What can be read of them, and once of each subject that the rest cannot."""
    good: list[Event] = []
    bad: dict[Subject | None, Event] = {}
    for row in rows:
        event = _one(row, timestamp)
        if isinstance(event, Unreadable):
            bad.setdefault(event.subject, event)
        else:
            good.append(event)
    return [*good, *bad.values()]


def _one(row: Row, timestamp: Any) -> Event:
    try:
        if row.flaw:
            raise ValueError(row.flaw)
        told_ms, type = milliseconds(timestamp), msgspec.convert(row.type, str)
        if row.field == "candles":
            return _candle_event(msgspec.convert(row.said, _Candle), told_ms, type == SNAPSHOT)
        return _ticker_event(msgspec.convert(row.said, _Ticker), told_ms)
    except UNREADABLE as error:
        return Unreadable(f"{row.field} of {row.product or 'no product'}: {error}", row.subject)

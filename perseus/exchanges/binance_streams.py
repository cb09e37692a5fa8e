"""What Binance's streams say, read into events.

Klines and mini tickers in either form take one typed pass. All else, and what fails that pass, is looked at as it is:
an acknowledgement, an error in one of its two forms, a shutdown, a kind that is not ours, or one of ours that is bad.
Of a bad one it is still read whom it is about, so that nobody else is in doubt for it.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

import msgspec

from perseus.errors import PerseusError
from perseus.exchanges.events import (
    Acknowledged,
    CandleEvent,
    Event,
    Refused,
    ShuttingDown,
    Subject,
    TickerEvent,
    Unknown,
    Unreadable,
    brief,
)
from perseus.exchanges.unreadable import UNREADABLE
from perseus.market.candle import Candle, Pair, is_decimal, is_symbol
from perseus.market.sanity import require_possible
from perseus.market.ticker import Ticker
from perseus.market.timeframes import LATEST_MS, Timeframe

MINI_TICKER = "24hrMiniTicker"
OURS = {"kline", MINI_TICKER, "serverShutdown"}
SHOWN = 80
PERCENT_DIGITS = Decimal("0.001")


class _Candle(msgspec.Struct, gc=False):
    t: int
    i: str
    o: str
    h: str
    l: str  # noqa: E741
    c: str
    v: str
    q: str
    n: int
    x: bool


class _Kline(msgspec.Struct, tag_field="e", tag="kline", gc=False):
    E: int
    s: str
    k: _Candle


class _MiniTicker(msgspec.Struct, tag_field="e", tag="24hrMiniTicker", gc=False):
    E: int
    s: str
    c: str
    o: str
    h: str
    l: str  # noqa: E741
    v: str


class _Shutdown(msgspec.Struct, tag_field="e", tag="serverShutdown", gc=False):
    E: int


_Data = _Kline | _MiniTicker | _Shutdown


class _Combined(msgspec.Struct, gc=False):
    data: _Data


_combined = msgspec.json.Decoder(_Combined).decode
_raw = msgspec.json.Decoder(_Data).decode
_any = msgspec.json.Decoder().decode


def decode(data: bytes) -> list[Event]:
    """The events of one message. Never empty, raises nothing."""
    try:
        said = _combined(data).data if data.startswith(b'{"stream"') else _raw(data)
        event = _candle_event(said) if type(said) is _Kline else _event(said)
        if type(event) is not Unreadable:
            return [event]
    except UNREADABLE:
        pass
    try:
        return _read_slowly(data)
    except UNREADABLE as error:
        return [Unreadable(f"no message ({error}): {brief(data)}")]


def milliseconds(time: int) -> int:
    """A time of the exchange, which comes in microseconds where it was asked for so."""
    return time if time < LATEST_MS else time // 1000


@lru_cache(maxsize=20_000)
def _pair(symbol: str, name: str) -> Pair:
    return Pair(symbol, Timeframe.parse(name))


def _event(said: _Data) -> Event:
    if isinstance(said, _Kline):
        return _candle_event(said)
    if isinstance(said, _MiniTicker):
        return _ticker_event(said)
    return ShuttingDown(milliseconds(said.E))


def _candle_event(said: _Kline) -> Event:
    k, pair = said.k, None
    try:
        pair = _pair(said.s, k.i)
        open_ms, event_ms = k.t, said.E
        if event_ms >= LATEST_MS:
            open_ms, event_ms = milliseconds(open_ms), milliseconds(event_ms)
        candle = Candle(open_ms, k.o, k.h, k.l, k.c, k.v, k.q, k.n, event_ms, k.x)
        require_possible(candle, pair.timeframe)
    except PerseusError as error:
        return Unreadable(f"kline of {said.s} {k.i}: {error}", pair)
    return CandleEvent(pair, candle)


def _ticker_event(said: _MiniTicker) -> Event:
    try:
        change, percent = _change(said.c, said.o)
        return TickerEvent(
            Ticker(
                symbol=said.s,
                price=said.c,
                change24h=change,
                change_percent24h=percent,
                high24h=said.h,
                low24h=said.l,
                volume24h=said.v,
                bid=None,
                ask=None,
                event_ms=milliseconds(said.E),
            )
        )
    except UNREADABLE as error:
        return Unreadable(f"ticker of {said.s}: {error}", said.s)


def _change(close: str, open_: str) -> tuple[str, str | None]:
    """Exact difference, and percent with the three digits of Binance's own, None when the price began at nothing."""
    if not (is_decimal(close) and is_decimal(open_)):
        raise ValueError(f"{brief(close.encode())!r} and {brief(open_.encode())!r} are not both decimal numbers")
    with localcontext() as context:
        context.prec = 200
        now, then = Decimal(close), Decimal(open_)
        change = now - then
        percent = (change * 100 / then).quantize(PERCENT_DIGITS) if then else None
    return format(change, "f"), None if percent is None else format(percent, "f")


def _read_slowly(data: bytes) -> list[Event]:
    try:
        said = _any(data)
    except msgspec.MsgspecError as error:
        return [Unreadable(f"no JSON ({error}): {brief(data)}")]
    stream = None
    if isinstance(said, dict) and "stream" in said:
        stream, said = said["stream"], said.get("data", said)
    if isinstance(said, list):
        return [_read(entry, stream) for entry in said] or [_nothing(brief(data), {}, stream)]
    return [_read(said, stream)]


def _read(said: Any, stream: object) -> Event:
    if not isinstance(said, dict):
        return _nothing(_shown(said), {}, stream)
    if isinstance(said.get("event"), dict):
        said = said["event"]
    kind = said.get("e", "")
    if not isinstance(kind, str):
        return Unreadable(f"no kind of message: {brief(msgspec.json.encode(kind))}", _subject(said, stream))
    if kind in OURS:
        return _ours(said, stream)
    if "id" in said and "result" in said and "error" not in said:
        return _acknowledged(said)
    error = said.get("error", said)
    if isinstance(error, dict) and "msg" in error:
        code, id = error.get("code"), said.get("id")
        return Refused(code if isinstance(code, int) else None, str(error["msg"]), None if id is None else str(id))
    if kind:
        subject = _subject(said, stream)
        return Unknown(_shown(said), () if subject is None else (subject,))
    return _nothing(_shown(said), said, stream)


def _nothing(shown: str, said: dict[str, Any], stream: object) -> Event:
    """What has no kind: bad where it or its stream names one of ours, and else none of ours."""
    subject = _subject(said, stream)
    return Unknown(shown) if subject is None else Unreadable(f"no message of {subject}: {shown}", subject)


def _ours(said: dict[str, Any], stream: object) -> Event:
    try:
        event = _event(msgspec.convert(said, _Data))
    except UNREADABLE as error:
        subject = _subject(said, stream)
        return Unreadable(
            f"{said['e']} of {said.get('s', 'no symbol') if subject is None else subject}: {error}", subject
        )
    if isinstance(event, Unreadable) and event.subject is None:
        return Unreadable(event.text, _subject(said, stream))
    return event


def _subject(said: dict[str, Any], stream: object) -> Subject | None:
    """Whom a bad message is about, by its fields and its stream; None where neither says it, or they differ."""
    k = said.get("k")
    row = k if isinstance(k, dict) else {}
    symbol = said["s"] if isinstance(said.get("s"), str) else row.get("s")
    told = symbol if said.get("e") == MINI_TICKER else _pair_named(symbol, row.get("i"))
    named = {one for one in (told, _of_stream(stream)) if isinstance(one, Pair) or is_symbol(one)}
    return named.pop() if len(named) == 1 else None


def _of_stream(stream: object) -> Subject | None:
    lower, _, what = stream.partition("@") if isinstance(stream, str) else ("", "", "")
    if what == "miniTicker":
        return lower.upper()
    return _pair_named(lower.upper(), what.removeprefix("kline_"))


def _pair_named(symbol: object, name: object) -> Pair | None:
    try:
        return _pair(symbol, name) if isinstance(symbol, str) and isinstance(name, str) else None
    except PerseusError:
        return None


def _acknowledged(said: dict[str, Any]) -> Event:
    listed = said["result"]
    streams = frozenset(str(name) for name in listed) if isinstance(listed, list) else None
    return Acknowledged(str(said["id"]), streams)


def _shown(said: Any) -> str:
    """Its kind, or else its fields: the same text for all of a kind, since they are counted by it."""
    if not isinstance(said, dict):
        return brief(msgspec.json.encode(said))
    kind = said.get("e")
    return kind if isinstance(kind, str) else f"fields {', '.join(said)}"[:SHOWN]

"""A candle: what one symbol traded for in one stretch of time, as the exchange told it.

Prices and volumes are decimal text and stay the very text of the wire: no float ever stands between an exchange and
the store. Times are Unix milliseconds.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from perseus.errors import PerseusError
from perseus.market.timeframes import LATEST_MS, Timeframe

DECIMAL = re.compile(r"(?=.{1,100}\Z)[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?\Z")
#: The same of several at once, with a space after each: one match is a fifth of the work of one each.
DECIMALS = re.compile(r"(?:(?=\S{1,100} )[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})? )+\Z")
#: A key hashes by what stands in braces, so a symbol may have none.
SYMBOL = re.compile(r"[^\s{}\x00-\x1f\x7f]{1,60}\Z")
SHOWN = 40


class BadCandle(PerseusError):
    """Raised when what should be a candle is none. `field`, `value`: what is wrong with it."""

    def __init__(self, field: str, value: object, problem: str) -> None:
        shown = repr(value) if len(repr(value)) <= SHOWN else f"{repr(value)[:SHOWN]} ..."
        super().__init__(f"This is no candle: its {field} is {shown}, {problem}.")
        self.field = field
        self.value = value


class Pair(msgspec.Struct, frozen=True, cache_hash=True):
    """A symbol, as its exchange writes it, and a timeframe: what a series of candles is of. Raises BadCandle."""

    symbol: str
    timeframe: Timeframe

    def __post_init__(self) -> None:
        if not is_symbol(self.symbol):
            raise BadCandle("symbol", self.symbol, "which cannot stand in a key: 1 to 60 characters, no space or brace")

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe}"


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One state of one candle. Raises BadCandle when it is made of what cannot be one.

    `volume` counts the base, `quote_volume` the quote currency; with `trades` it is None where the exchange does not
    tell. `event_ms`: exchange time at which this state was told or read. `is_closed`: it is finished.
    """

    open_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None
    trades: int | None
    event_ms: int
    is_closed: bool

    def __post_init__(self) -> None:
        quote = "0" if self.quote_volume is None else self.quote_volume
        try:
            text = " ".join((self.open, self.high, self.low, self.close, self.volume, quote, ""))
            is_good = (
                DECIMALS.match(text) is not None
                and text.count(" ") == 6
                and 0 <= self.open_ms < LATEST_MS
                and 0 <= self.event_ms < LATEST_MS
                and (self.trades is None or self.trades >= 0)
            )
        except TypeError:
            is_good = False
        if not is_good:
            raise _bad(self)

    def to_json(self, exchange_id: int, pair: Pair) -> bytes:
        """As the cache keeps it and the candle-close channel carries it: one JSON object, camelCase, UTF-8."""
        return _encode(
            _Wire(
                self.open_ms,
                self.open,
                self.high,
                self.low,
                self.close,
                self.volume,
                self.quote_volume,
                self.trades,
                self.event_ms,
                self.is_closed,
                pair.symbol,
                pair.timeframe.name,
                exchange_id,
            )
        )

    @classmethod
    def from_json(cls, data: bytes | str) -> Candle:
        """What `to_json` wrote. Raises BadCandle; fields that it does not know are left alone."""
        try:
            wire = _decode(data)
        except msgspec.MsgspecError as error:
            raise BadCandle("JSON", data, str(error)) from None
        return cls(
            wire.timestamp,
            wire.open,
            wire.high,
            wire.low,
            wire.close,
            wire.volume,
            wire.quote_volume,
            wire.trades,
            wire.event_time,
            wire.closed,
        )


class _Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    timestamp: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None
    trades: int | None
    event_time: int
    closed: bool
    symbol: str
    timeframe: str
    exchange_id: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Wire).decode


def is_decimal(text: Any) -> bool:
    """Is this a decimal number that is not negative, in plain or exponent form, of at most 100 characters?

    An exponent has at most two digits: no market has numbers beyond.
    """
    return isinstance(text, str) and DECIMAL.match(text) is not None


def is_symbol(text: Any) -> bool:
    """Can this be the name of a symbol: 1 to 60 characters without space, brace or control character?"""
    return isinstance(text, str) and SYMBOL.match(text) is not None


def _bad(candle: Candle) -> BadCandle:
    """What is wrong with it, the first thing in the order of its fields."""
    for name in ("open_ms", "event_ms"):
        value = getattr(candle, name)
        if not isinstance(value, int) or not 0 <= value < LATEST_MS:
            return BadCandle(name, value, "which is not a time in Unix milliseconds")
    for name in ("open", "high", "low", "close", "volume", "quote_volume"):
        value = getattr(candle, name)
        if not is_decimal(value) and (name, value) != ("quote_volume", None):
            return BadCandle(name, value, "which is not a decimal number of zero or more")
    return BadCandle("trades", candle.trades, "which is not a count")

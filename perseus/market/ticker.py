"""A ticker: what one symbol costs now and did in the last 24 hours, as the exchange told it.

Prices are decimal text, the very text of the wire; what the exchange does not tell is None.
"""

from __future__ import annotations

import msgspec

from perseus.errors import PerseusError
from perseus.market.candle import is_decimal, is_symbol
from perseus.market.timeframes import LATEST_MS

SIGNED = ("change24h", "change_percent24h")
UNSIGNED = ("price", "high24h", "low24h", "volume24h", "bid", "ask")


class BadTicker(PerseusError):
    """Raised when what should be a ticker is none. `field`, `value`: what is wrong with it."""

    def __init__(self, field: str, value: object, problem: str) -> None:
        super().__init__(f"This is no ticker: its {field} is {repr(value)[:60]}, {problem}.")
        self.field = field
        self.value = value


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """One state of one ticker. Raises BadTicker when it is made of what cannot be one.

    The changes may be negative. `event_ms`: exchange time at which it was told, in Unix milliseconds.
    """

    symbol: str
    price: str
    change24h: str | None
    change_percent24h: str | None
    high24h: str | None
    low24h: str | None
    volume24h: str | None
    bid: str | None
    ask: str | None
    event_ms: int

    def __post_init__(self) -> None:
        if not is_symbol(self.symbol):
            raise BadTicker("symbol", self.symbol, "which cannot stand in a key: 1 to 60 characters, no space or brace")
        for name in (*UNSIGNED, *SIGNED):
            value = getattr(self, name)
            text = value.removeprefix("-") if name in SIGNED and isinstance(value, str) else value
            if not is_decimal(text) and (value is not None or name == "price"):
                raise BadTicker(name, value, "which is not a decimal number")
        if not 0 <= self.event_ms < LATEST_MS:
            raise BadTicker("event_ms", self.event_ms, "which is not a time in Unix milliseconds")

    def to_json(self, exchange_id: int, token: str) -> bytes:
        """As the cache keeps it and its channel carries it: one JSON object, camelCase, UTF-8.

        `token`: the fencing token of who writes it.
        """
        return _encode(
            _Wire(
                self.symbol,
                self.price,
                self.change24h,
                self.change_percent24h,
                self.high24h,
                self.low24h,
                self.volume24h,
                self.bid,
                self.ask,
                self.event_ms,
                exchange_id,
                token,
            )
        )

    @classmethod
    def from_json(cls, data: bytes | str) -> Ticker:
        """What `to_json` wrote. Raises BadTicker; fields that it does not know are left alone."""
        try:
            wire = _decode(data)
        except msgspec.MsgspecError as error:
            raise BadTicker("JSON", data, str(error)) from None
        return cls(
            wire.symbol,
            wire.price,
            wire.change24h,
            wire.change_percent24h,
            wire.high24h,
            wire.low24h,
            wire.volume24h,
            wire.bid,
            wire.ask,
            wire.event_time,
        )


class _Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    symbol: str
    price: str
    change24h: str | None
    change_percent24h: str | None = msgspec.field(name="changePercent24h")
    high24h: str | None
    low24h: str | None
    volume24h: str | None
    bid: str | None
    ask: str | None
    event_time: int
    exchange_id: int
    fencing_token: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Wire).decode

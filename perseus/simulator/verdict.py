"""Whether what a client has of an exchange is what was there."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Protocol

from perseus.simulator.exchange import Exchange
from perseus.simulator.market.bar import UNIT, Bar, text
from perseus.simulator.market.truth import Known


class Told(Protocol):
    """A candle as a client has it: decimal text; times in Unix milliseconds."""

    @property
    def open_ms(self) -> int: ...
    @property
    def open(self) -> str: ...
    @property
    def high(self) -> str: ...
    @property
    def low(self) -> str: ...
    @property
    def close(self) -> str: ...
    @property
    def volume(self) -> str: ...
    @property
    def quote_volume(self) -> str | None: ...
    @property
    def trades(self) -> int | None: ...
    @property
    def is_closed(self) -> bool: ...


PRICES = ("open", "high", "low", "close", "volume")


def differences(
    exchange: Exchange, symbol: str, timeframe: str, candles: Iterable[Told], first_ms: int, last_ms: int
) -> list[str]:
    """What is wrong with `candles` from the open time `first_ms` to `last_ms`, both included, one line each.

    Every closed candle of the truth must be there, equal in every number, and closed. What runs is not compared. A
    candle that only one of REST and stream ever had may be there or not.
    """
    has = {candle.open_ms: candle for candle in candles if first_ms <= candle.open_ms <= last_ms}
    found = []
    for known in exchange.truth.known(symbol, timeframe, first_ms, last_ms):
        told = has.pop(known.bar.open_ms, None)
        where = f"{exchange.name} {symbol} {timeframe} {known.bar.open_ms}"
        if told is None:
            is_asked = known.must and known.is_closed and not known.is_lost
            found += [f"{where} is missing"] if is_asked else []
        elif known.is_lost or _is_unknowable(exchange, known, told):
            continue
        elif known.is_closed:
            found += [f"{where} {wrong}" for wrong in _wrong(told, known.bar)]
        elif told.is_closed:
            found.append(f"{where} is said to be closed while it runs")
    return found + [f"{exchange.name} {symbol} {timeframe} {opened} never was" for opened in sorted(has)]


def _is_unknowable(exchange: Exchange, known: Known, told: Told) -> bool:
    """Of a candle that REST never has, whoever missed a word of the stream cannot know the rest."""
    is_only_streamed = not known.must and known.bar.trades > 0
    return is_only_streamed and not (exchange.says_closed and told.is_closed)


def _wrong(told: Told, bar: Bar) -> list[str]:
    found = [] if told.is_closed else ["is not closed"]
    for name in PRICES:
        found += _unlike(name, getattr(told, name), getattr(bar, name))
    if told.quote_volume is not None:
        found += _unlike("quote volume", told.quote_volume, bar.quote)
    if told.trades is not None and told.trades != bar.trades:
        found.append(f"has {told.trades} trades, not {bar.trades}")
    return found


def _unlike(name: str, told: str, units: int) -> list[str]:
    try:
        is_like = Decimal(told) * UNIT == units
    except InvalidOperation:
        is_like = False
    return [] if is_like else [f"has {name} {told}, not {text(units)}"]

"""How one exchange writes its numbers, and what its faults make of that."""

from __future__ import annotations

from collections.abc import Callable

from perseus.simulator.exchange import Exchange
from perseus.simulator.market.bar import text

PADDING = "0" * 12


def price(exchange: Exchange, symbol: str, units: int, plain: Callable[[int], str] = text) -> str:
    if exchange.faults.now("long_prices", symbol) is None:
        return plain(units)
    exchange.faults.hit("long_prices", symbol)
    return text(units) + PADDING


def amount(exchange: Exchange, symbol: str, units: int, plain: Callable[[int], str] = text) -> str:
    if exchange.faults.now("exponent_volume", symbol) is None:
        return plain(units)
    exchange.faults.hit("exponent_volume", symbol)
    return f"{units}E-8"

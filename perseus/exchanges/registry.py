"""Which dialect an exchange speaks. Another exchange is one more module and one more row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perseus.errors import UnknownExchange
from perseus.exchanges.binance import Binance
from perseus.exchanges.coinbase import Coinbase
from perseus.exchanges.dialect import Dialect

DIALECTS: Mapping[str, Callable[[], Dialect]] = {
    "binance": lambda: Binance("binance"),
    "binance_us": lambda: Binance("binance_us"),
    "coinbase": Coinbase,
}


class NoDialect(UnknownExchange):
    """Raised for an exchange that is a row of the table but that Perseus cannot talk to."""

    @property
    def brief(self) -> str:
        return f"{self.name} speaks no dialect that Perseus knows: its candles cannot be taken in."


def dialect_of(exchange: str) -> Dialect:
    """The dialect of an exchange, by the name of its row. Raises NoDialect, which names those that there are."""
    try:
        return DIALECTS[exchange]()
    except KeyError:
        raise NoDialect(exchange, tuple(DIALECTS)) from None

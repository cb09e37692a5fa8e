"""One candle as the exchange keeps it: whole numbers, in hundred-millionths."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

UNIT = 10**8


@dataclass(slots=True)
class Bar:
    """Prices, base and quote volume in units of 1e-8. `first_id` is the id of its first trade."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote: int
    trades: int
    first_id: int
    taker: int = 0
    taker_quote: int = 0

    @property
    def last_id(self) -> int:
        return self.first_id + self.trades - 1

    def take(self, price: int, amount: int, is_buy: bool) -> None:
        """Count one more trade into it."""
        worth = price * amount // UNIT
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += amount
        self.quote += worth
        self.trades += 1
        if is_buy:
            self.taker += amount
            self.taker_quote += worth

    def add(self, later: Bar) -> None:
        """Count in all trades of a bar that follows within the same bucket."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote += later.quote
        self.trades += later.trades
        self.taker += later.taker
        self.taker_quote += later.taker_quote

    def copy(self, open_ms: int | None = None) -> Bar:
        return Bar(
            self.open_ms if open_ms is None else open_ms,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.quote,
            self.trades,
            self.first_id,
            self.taker,
            self.taker_quote,
        )


def empty(open_ms: int, price: int, trade_id: int) -> Bar:
    """A bar that no trade has reached yet: `take` the first one, which fell at this price."""
    return Bar(open_ms, price, price, price, price, 0, 0, 0, trade_id)


def text(units: int) -> str:
    """As Binance writes it: eight decimals."""
    whole, rest = divmod(abs(units), UNIT)
    return f"{'-' if units < 0 else ''}{whole}.{rest:08d}"


def short(units: int) -> str:
    """As Coinbase writes it: no zeros at the end."""
    return text(units).rstrip("0").rstrip(".")


def units(written: str) -> int:
    """The other way. Raises ValueError on what is finer than 1e-8."""
    exact = Decimal(written) * UNIT
    if exact != exact.to_integral_value():
        raise ValueError(f"{written} is finer than 1e-8")
    return int(exact)

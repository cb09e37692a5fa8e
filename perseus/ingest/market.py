"""A made-up market: prices that wander at random, the same for the same exchange and step, and never real."""

from __future__ import annotations

import random
from collections.abc import Mapping

#: Base asset -> price in dollars where its walk begins.
BASES: Mapping[str, float] = {
    "BTC": 64_000.0,
    "ETH": 3_100.0,
    "SOL": 145.0,
    "LTC": 82.0,
    "LINK": 14.0,
    "DOT": 6.2,
    "ADA": 0.45,
    "XRP": 0.55,
    "DOGE": 0.12,
    "XLM": 0.11,
}

#: Exchange name -> how it joins base and quote to a symbol; others write BTC-USD.
QUOTES: Mapping[str, str] = {"binance": "USDT", "binance_us": "USDT", "mexc": "USDT", "kraken": "/USD"}

STEP = 0.0005
MESSAGES_PER_SECOND = 8.0


class SyntheticMarket:
    """The walk of one exchange's prices, drawn from a seed that is its name."""

    def __init__(self, exchange: str) -> None:
        self._random = random.Random(f"synthetic market of {exchange}")
        bases = self._random.sample(sorted(BASES), self._random.randint(5, len(BASES)))
        quote = QUOTES.get(exchange, "-USD")
        self.prices = {f"{base}{quote}": BASES[base] for base in sorted(bases)}

    def step(self) -> str:
        """Move the price of one symbol, and name it."""
        symbol = self._random.choice(tuple(self.prices))
        self.prices[symbol] *= 1 + self._random.gauss(0, STEP)
        return symbol

    def gap(self) -> float:
        """Seconds until the next message: 8 a second in the mean, irregular like a market's."""
        return self._random.expovariate(MESSAGES_PER_SECOND)

"""How liquid symbols are, as far as their tickers tell. Pure.

Of the four signals that make the score a ticker has two: quote volume and spread. A signal that is not known leaves its
weight to the others; a symbol of which nothing is known has no score, and never a made-up one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from perseus.market.ticker import Ticker

Grade = Literal["A", "B", "C", "D", "F"]

VOLUME_WEIGHT, SPREAD_WEIGHT = 0.30, 0.25
#: A spread of this share of the price, or more, counts as none at all.
WIDEST = 0.05
GRADES: tuple[tuple[float, Grade], ...] = ((0.6, "A"), (0.4, "B"), (0.2, "C"), (0.05, "D"))
LOWEST: Grade = "F"
#: Quote currencies that are one dollar, as near as makes no difference here.
DOLLARS = frozenset(("USD", "USDT", "USDC", "FDUSD", "TUSD"))
#: By which a symbol without a hyphen is parted where nobody says its quote currency; longer ones come first.
QUOTES = tuple(sorted((*DOLLARS, "BTC", "ETH", "BNB", "EUR", "GBP", "JPY", "TRY", "BRL"), key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Signals:
    """What a ticker says of liquidity. `volume`: of 24 hours in the quote currency; `spread`: a share of the price."""

    volume: float | None
    spread: float | None


@dataclass(frozen=True, slots=True)
class Liquidity:
    """Of one symbol among others. `rank`: from 1 on; `score`: 0 to 1, three decimals."""

    rank: int
    score: float
    grade: Grade
    signals: Signals


def signals(ticker: Ticker) -> Signals:
    """What this ticker tells."""
    price, volume = float(ticker.price), _number(ticker.volume24h)
    bid, ask = _number(ticker.bid), _number(ticker.ask)
    middle = (bid + ask) / 2 if bid and ask else 0.0
    spread = (ask - bid) / middle if bid and ask and ask >= bid else None
    return Signals(None if volume is None else volume * price, spread)


def rated(tickers: Iterable[Ticker], quotes: Mapping[str, str] | None = None) -> dict[str, Liquidity]:
    """By symbol, each of which something is known, against the others of the same quote currency.

    `quotes`: those that the exchange says; of another symbol its name is looked at. A volume in nobody knows what
    cannot be compared, and is as one that is not known.
    """
    every = {ticker.symbol: ticker for ticker in tickers}
    of = {symbol: _one_dollar((quotes or {}).get(symbol) or quote_of(symbol)) for symbol in every}
    told = {symbol: _comparable(signals(ticker), of[symbol]) for symbol, ticker in every.items()}
    most = _most(told, of)
    scores = {symbol: _score(one, most.get(of[symbol], 0.0)) for symbol, one in told.items()}
    known = [(score, symbol) for symbol, score in scores.items() if score is not None]
    # Equal scores are apart by volume, then by name, so that a rank does not jump between two readings.
    known.sort(key=lambda one: (-one[0], -(told[one[1]].volume or 0.0), one[1]))
    return {
        symbol: Liquidity(rank, score, grade(score), told[symbol])
        for rank, (score, symbol) in enumerate(known, start=1)
    }


def quote_of(symbol: str) -> str | None:
    """The quote currency that the name of a symbol says, None where it says none that is known."""
    _, hyphen, quote = symbol.rpartition("-")
    if hyphen:
        return quote
    return next((one for one in QUOTES if quote.endswith(one) and quote != one), None)


def grade(score: float) -> Grade:
    """The letter of a score."""
    return next((letter for least, letter in GRADES if score >= least), LOWEST)


def _score(one: Signals, most: float) -> float | None:
    parts = []
    if one.volume is not None:
        parts.append((VOLUME_WEIGHT, math.log1p(one.volume) / math.log1p(most) if most > 0 else 0.0))
    if one.spread is not None:
        parts.append((SPREAD_WEIGHT, max(0.0, 1 - one.spread / WIDEST)))
    weight = sum(weight for weight, _ in parts)
    return round(sum(weight * value for weight, value in parts) / weight, 3) if parts else None


def _most(told: Mapping[str, Signals], of: Mapping[str, str | None]) -> dict[str | None, float]:
    most: dict[str | None, float] = {}
    for symbol, one in told.items():
        most[of[symbol]] = max(most.get(of[symbol], 0.0), one.volume or 0.0)
    return most


def _comparable(one: Signals, quote: str | None) -> Signals:
    return one if quote else Signals(None, one.spread)


def _one_dollar(quote: str | None) -> str | None:
    return "USD" if quote in DOLLARS else quote


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)

"""What an ingest process is to take in: symbols and timeframes, held against what the exchange has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from perseus.errors import PerseusError
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.symbols import Listings, UnknownSymbol
from perseus.market.cache import KEEP
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe

DEPTH = KEEP - 1
NOT_LISTED = "not listed: mend its name, or take it out of the symbols"


class TimeframeNotHad(PerseusError):
    """Raised for a timeframe that the exchange does not give. It is never built from another."""

    exit_code = 78

    def __init__(self, exchange: str, timeframes: Sequence[Timeframe], had: Sequence[Timeframe]) -> None:
        named = ", ".join(map(str, timeframes))
        super().__init__(
            f"{exchange} has no candles of {named}. It has: {', '.join(map(str, had))}. Mend PERSEUS_TIMEFRAMES."
        )


@dataclass(frozen=True)
class Wanted:
    """`symbols` empty: all that the exchange trades. `depth`: finished candles of each pair that are to be complete.

    `troubles`: what a person should know of them, a line each.
    """

    symbols: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]
    depth: int = DEPTH
    troubles: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[Pair]:
        """Every symbol in every timeframe, the longest timeframe first."""
        longest_first = sorted(self.timeframes, reverse=True)
        return [Pair(symbol, timeframe) for timeframe in longest_first for symbol in self.symbols]

    def listed(self, dialect: Dialect, listings: Listings) -> Wanted:
        """The same for what the exchange lists: without what is delisted or not listed, of which `troubles` tell.

        Raises UnknownSymbol when that is so of all that were named, and TimeframeNotHad.
        """
        lacking = sorted(set(self.timeframes) - (dialect.streamed | dialect.fetched))
        if lacking:
            raise TimeframeNotHad(dialect.name, lacking, sorted(dialect.streamed | dialect.fetched))
        every = self.symbols or tuple(
            sorted(one.symbol for one in listings if one.status == "trading" and not one.alias_of)
        )
        chosen = [listings.by_symbol[symbol] for symbol in every if symbol in listings.by_symbol]
        if self.symbols and all(one.status == "delisted" for one in chosen):
            raise UnknownSymbol(dialect.name, self.symbols)
        return replace(
            self,
            symbols=tuple(one.symbol for one in chosen if one.status != "delisted"),
            troubles=(
                *(f"{one.symbol} is {one.status} ({one.native})" for one in chosen if one.status != "trading"),
                *(f"{symbol} is {NOT_LISTED}" for symbol in listings.unknown(self.symbols)),
            ),
        )

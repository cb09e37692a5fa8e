"""What an exchange lists: each symbol, whether it trades, and what has changed since it was last asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from perseus.errors import EXIT_CONFIG, PerseusError

Status = Literal["trading", "halted", "delisted"]
Change = Literal["listed", "delisted", "halted", "resumed"]
NAMED = 5
GONE = "no longer listed"
"""In place of the exchange's own word, of a symbol of which it says nothing any more."""


class UnknownSymbol(PerseusError):
    """Raised for symbols that the exchange does not list. No other try mends that."""

    exit_code = EXIT_CONFIG

    def __init__(self, exchange: str, symbols: Iterable[str]) -> None:
        self.symbols = tuple(sorted(symbols))
        super().__init__(
            f"{exchange} does not list {named(self.symbols)}. Take them out of the symbols, or mend the names."
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol. `native`: its state in the exchange's own word. `alias_of`: the symbol under which it is delivered.

    `status` halted: listed, but nothing trades now; delisted: by the exchange's word it never will again.
    """

    symbol: str
    base: str
    quote: str
    status: Status
    native: str
    alias_of: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One difference between two readings. `native`: the exchange's word for it, empty when the symbol is gone."""

    symbol: str
    change: Change
    native: str

    @property
    def is_recovery(self) -> bool:
        """Is it no trouble, but the end of one?"""
        return self.change in ("resumed", "listed")

    def __str__(self) -> str:
        return f"{self.symbol} {self.change}" + (f" ({self.native})" if self.native else "")


@dataclass(frozen=True)
class Listings:
    """All symbols of an exchange at one time."""

    by_symbol: Mapping[str, Listing] = field(default_factory=dict)

    @classmethod
    def of(cls, listings: Iterable[Listing]) -> Listings:
        """By symbol; of one that is listed twice, the last."""
        return cls({listing.symbol: listing for listing in listings})

    def __iter__(self) -> Iterator[Listing]:
        return iter(self.by_symbol.values())

    def __len__(self) -> int:
        return len(self.by_symbol)

    def get(self, symbol: str) -> Listing | None:
        """The symbol's entry, None when it is not listed."""
        return self.by_symbol.get(symbol)

    def unknown(self, symbols: Iterable[str]) -> list[str]:
        """Those that are not listed, sorted. An exchange may take them without a word and never send a thing."""
        return sorted({symbol for symbol in symbols if symbol not in self.by_symbol})

    def remembering(self, symbols: Iterable[str]) -> Listings:
        """These and, as delisted, those of `symbols` that are not among them: they were listed once."""
        gone = {one: Listing(one, "", "", "delisted", GONE) for one in symbols if one not in self.by_symbol}
        return Listings({**self.by_symbol, **gone})

    def aliases(self) -> dict[str, str]:
        """By each symbol that is delivered under another's name, that other."""
        return {listing.symbol: listing.alias_of for listing in self if listing.alias_of}

    def since(self, earlier: Listings) -> list[Changed]:
        """What has changed since `earlier`, by symbol."""
        found = []
        for symbol in sorted(self.by_symbol.keys() | earlier.by_symbol.keys()):
            change = _change(earlier.get(symbol), self.get(symbol))
            if change:
                now = self.get(symbol)
                found.append(Changed(symbol, change, now.native if now else ""))
        return found


def _change(before: Listing | None, now: Listing | None) -> Change | None:
    was = before.status if before else "delisted"
    status = now.status if now else "delisted"
    if was == status:
        return None
    if status == "trading":
        return "resumed" if was == "halted" else "listed"
    if status == "halted":
        return "halted" if before else "listed"
    return "delisted"


def named(symbols: Iterable[str]) -> str:
    """A few of them by name, and how many more there are."""
    every = list(symbols)
    more = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {more} more" if more > 0 else "")

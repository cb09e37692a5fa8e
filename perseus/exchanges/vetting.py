"""Holds symbols, as somebody types or pastes them, against what an exchange lists. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from perseus.exchanges.symbols import Listing, Listings

#: How many lines of one text are read, and how long one may be to be looked at.
MOST_LINES, LONGEST = 2000, 60
#: Near names are looked for this often in one text, and this many are told: it takes time.
NEAR_LOOKS, NEAR_TOLD = 20, 3
SEPARATORS = re.compile(r"[/_: ]+")
HEADINGS = frozenset(("SYMBOL", "SYMBOLS", "PAIR", "MARKET", "TICKER"))


class Fate(StrEnum):
    """What comes of one line. HALTED is watched all the same: it may trade again, and then it is taken in."""

    ADDED = "added"
    HALTED = "halted"
    WATCHED = "watched"
    REPEATED = "repeated"
    UNLISTED = "unlisted"
    DELISTED = "delisted"


TAKEN = (Fate.ADDED, Fate.HALTED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one line. `symbol`: as the exchange lists it, '' where it does not; `near`: names that may have been meant.

    `number`: of the line in its text, from 1. `native`: the exchange's word for the state of what does not trade.
    """

    number: int
    given: str
    symbol: str
    fate: Fate
    native: str = ""
    near: tuple[str, ...] = ()


class TooManyLines(ValueError):
    """Raised for a text of more lines than are read."""


def lines(text: str) -> list[tuple[int, str]]:
    """What each line names, by its number: its first column, without comments (`#`) and a heading.

    Several in one line may be apart by commas or spaces. Raises TooManyLines.
    """
    found = list(_named(text))
    if len(found) > MOST_LINES:
        raise TooManyLines(f"it names {len(found):,} symbols; at most {MOST_LINES:,} are read at once")
    return found


def judged(named: Iterable[tuple[int, str]], listings: Listings, watched: Collection[str]) -> list[Verdict]:
    """What would come of each line."""
    names, seen, looks = _Names(listings), set(watched), 0
    already, verdicts = frozenset(watched), []
    for number, given in named:
        listing = names.find(given)
        if listing is None:
            looks += 1
            near = names.near(given) if looks <= NEAR_LOOKS else ()
            verdicts.append(Verdict(number, given, "", Fate.UNLISTED, near=near))
            continue
        fate = _fate(listing, already, seen)
        verdicts.append(Verdict(number, given, listing.symbol, fate, _native(listing)))
        seen.add(listing.symbol)
    return verdicts


def found(query: str, listings: Listings, most: int) -> tuple[list[Listing], int]:
    """What is listed under names like this, what trades first, and how many there are in all."""
    wanted = SEPARATORS.sub("-", query.strip().upper())
    hits = [one for one in listings if wanted in _written(one)] if wanted else []
    hits.sort(key=lambda one: (one.status != "trading", one.base != wanted.partition("-")[0], one.symbol))
    return hits[:most], len(hits)


class _Names:
    def __init__(self, listings: Listings) -> None:
        self._listings = listings
        self._joined = {one.base + one.quote: one for one in listings}

    def find(self, given: str) -> Listing | None:
        name = SEPARATORS.sub("-", given.upper())
        return self._listings.get(name) or self._joined.get(name.replace("-", ""))

    def near(self, given: str) -> tuple[str, ...]:
        name = SEPARATORS.sub("-", given.upper())[:LONGEST]
        trading = [one for one in self._listings if one.status == "trading"]
        base, _, quote = name.partition("-")
        same = [one for one in trading if one.base == base]
        if same:
            same.sort(key=lambda one: (not one.quote.startswith(quote[:-1] or "-"), len(one.symbol), one.symbol))
            return tuple(one.symbol for one in same[:NEAR_TOLD])
        return tuple(difflib.get_close_matches(name, [one.symbol for one in trading], NEAR_TOLD, 0.8))


def _written(one: Listing) -> str:
    """Each way in which people write it, so that a part of any is found."""
    return f"{one.symbol} {one.base}-{one.quote} {one.base}{one.quote}"


def _fate(listing: Listing, watched: Collection[str], seen: Collection[str]) -> Fate:
    if listing.symbol in watched:
        return Fate.WATCHED
    if listing.symbol in seen:
        return Fate.REPEATED
    if listing.status == "delisted":
        return Fate.DELISTED
    return Fate.HALTED if listing.status == "halted" else Fate.ADDED


def _native(listing: Listing) -> str:
    return "" if listing.status == "trading" else listing.native


def _named(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        said = line.partition("#")[0].strip()
        first = re.split(r"[;\t]", said)[0]
        for part in re.split(r"[,\s]+", first):
            name = part.strip("\"'")
            if name and name.upper() not in HEADINGS:
                yield number, name

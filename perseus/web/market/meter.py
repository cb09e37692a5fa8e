"""The candle meter: symbols by timeframes, each with the age of its newest finished candle, in grades with words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perseus.market.freshness import Freshness
from perseus.market.liquidity import Liquidity
from perseus.web import words


@dataclass(frozen=True, slots=True)
class Grade:
    """`token` gives the colour, `short` stands in a cell, `said` in the legend. `under`: ages below, in intervals."""

    token: str
    short: str
    said: str
    under: float


GRADES = (
    Grade("now", "<1", "younger than one interval: the newest that there can be", 1),
    Grade("due", "<1.5", "the next one is due", 1.5),
    Grade("late", "<3", "one or two are missing", 3),
    Grade("behind", "<10", "several are missing", 10),
    Grade("old", "10+", "ten or more are missing", float("inf")),
)
NONE = Grade("none", "none", "no finished candle that the store bears out", 0)
LEGEND = (*GRADES, NONE)
#: Ranks up to and with which a symbol is in a group of its own.
GROUPS = ((10, "Most liquid, rank 1 to 10"), (30, "Rank 11 to 30"))
REST, UNRANKED = "Rank 31 and beyond", "Liquidity not known"
ALL = "Symbols"
NAMED = 5
BEHIND = frozenset(("late", "behind", "old", "none"))


@dataclass(frozen=True, slots=True)
class Row:
    """One symbol. `cells`: grades in the order of the timeframes."""

    symbol: str
    cells: tuple[Grade, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Symbols that are as liquid."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pairs are in a grade."""

    grade: Grade
    count: int


@dataclass(frozen=True, slots=True)
class Meter:
    """All of it. `behind`: the pairs that lack most, in words, '' where none lacks any."""

    timeframes: tuple[str, ...]
    groups: tuple[Group, ...]
    tallies: tuple[Tally, ...]
    behind: str
    left_out: int


def meter(read: Freshness, left_out: int = 0) -> Meter:
    """What a reading comes to."""
    rows = [_row(read, symbol) for symbol in read.symbols]
    cells = [cell for row in rows for cell in row.cells]
    tallies = tuple(Tally(grade, count) for grade in LEGEND if (count := sum(cell is grade for cell in cells)))
    names = tuple(map(str, read.timeframes))
    return Meter(names, _groups(rows, read.liquidity), tallies, _behind(rows, names), left_out)


def grade(age: float | None) -> Grade:
    """That of an age in intervals."""
    return NONE if age is None else next(one for one in GRADES if age < one.under or one is GRADES[-1])


def _row(read: Freshness, symbol: str) -> Row:
    return Row(words.plain(symbol, 60), tuple(grade(read.age(symbol, timeframe)) for timeframe in read.timeframes))


def _groups(rows: Sequence[Row], liquidity: Mapping[str, Liquidity]) -> tuple[Group, ...]:
    if not liquidity:
        return (Group(ALL, tuple(rows)),) if rows else ()
    found: dict[str, list[Row]] = {title: [] for title in (*(title for _, title in GROUPS), REST, UNRANKED)}
    for row in sorted(rows, key=lambda row: (_rank(liquidity, row), row.symbol)):
        rank = _rank(liquidity, row)
        title = next((title for most, title in GROUPS if rank <= most), REST if row.symbol in liquidity else UNRANKED)
        found[title].append(row)
    return tuple(Group(title, tuple(some)) for title, some in found.items() if some)


def _rank(liquidity: Mapping[str, Liquidity], row: Row) -> float:
    known = liquidity.get(row.symbol)
    return known.rank if known else float("inf")


def _behind(rows: Sequence[Row], timeframes: tuple[str, ...]) -> str:
    """The first few pairs that lack candles, those that lack most first."""
    found = [
        (LEGEND.index(cell), f"{row.symbol} {name}")
        for row in rows
        for name, cell in zip(timeframes, row.cells, strict=True)
        if cell.token in BEHIND
    ]
    found.sort(key=lambda one: -one[0])
    some = tuple(name for _, name in found[:NAMED])
    more = len(found) - len(some)
    return words.listed((*some, f"{more:,} more") if more else some)

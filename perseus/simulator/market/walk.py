"""Where trades come from: a seeded walk without end, or a tape of candles that really were."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from perseus.simulator.market.bar import UNIT, units


class Trade(NamedTuple):
    """`price` and `amount` in units of 1e-8; `is_buy`: the taker bought."""

    ms: int
    price: int
    amount: int
    is_buy: bool


@dataclass(frozen=True)
class Manner:
    """How a symbol trades: its price at the start, mean milliseconds between trades, mean amount (1e-8), and tick."""

    price: int
    mean_ms: int = 1_500
    amount: int = UNIT // 4
    tick: int = UNIT // 100
    restless: float = 0.0004


def walk(seed: str, manner: Manner, start_ms: int) -> Iterator[Trade]:
    """The same trades for the same seed, however far each reader has come."""
    dice = random.Random(seed)
    ticks, at = manner.price // manner.tick, start_ms
    while True:
        at += 1 + int(dice.expovariate(1 / manner.mean_ms))
        ticks = max(1, ticks + round(dice.gauss(0, manner.restless * ticks + 0.6)))
        amount = max(1, int(dice.expovariate(1 / manner.amount)))
        yield Trade(at, ticks * manner.tick, amount, dice.random() < 0.5)


def tape(path: Path, start_ms: int) -> Iterator[Trade]:
    """Four trades for each row of a CSV file of one-minute candles: `open_time_ms,open,high,low,close,volume`.

    Its first row is moved to `start_ms`. Raises OSError, and ValueError on a row that is none.
    """
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        moved: int | None = None
        for row in rows:
            opened = int(row[0])
            moved = start_ms - opened if moved is None else moved
            yield from _of_row(opened + moved, row)


def _of_row(opened: int, row: list[str]) -> Iterator[Trade]:
    first, high, low, last, volume = (units(field) for field in row[1:6])
    if volume:
        parts = [volume // 4] * 3
        prices = zip((first, high, low, last), [*parts, volume - sum(parts)], strict=True)
        for number, (price, amount) in enumerate(prices):
            yield Trade(opened + 1_000 + number * 14_000, price, max(1, amount), number % 2 == 0)

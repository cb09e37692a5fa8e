"""What REST gives of the past: candles, and rows that should be candles and are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from perseus.exchanges.unreadable import UNREADABLE
from perseus.market.candle import Candle
from perseus.market.sanity import require_possible
from perseus.market.timeframes import Timeframe

Row = TypeVar("Row")


class History(list[Candle]):
    """Oldest first. `refused`: what is wrong with rows that are no candles, by when each opens; None: it says no such
    time, so it may stand for any that is missing.
    """

    def __init__(self, candles: Iterable[Candle] = (), refused: dict[int | None, str] | None = None) -> None:
        super().__init__(candles)
        self.refused = refused or {}


def read(
    rows: Iterable[Row], open_of: Callable[[Row], int], make: Callable[[Row], Candle], frame: Timeframe
) -> History:
    """Of rows in any order; of several that open at once the last."""
    candles: dict[int, Candle] = {}
    refused: dict[int | None, str] = {}
    for row in rows:
        open_ms = None
        try:
            told_ms = open_of(row)
            open_ms = told_ms if frame.is_open(told_ms) else None
            candle = make(row)
            require_possible(candle, frame)
        except UNREADABLE as error:
            refused[open_ms] = str(error)
        else:
            candles[candle.open_ms] = candle
    return History((candles[open_ms] for open_ms in sorted(candles)), refused)

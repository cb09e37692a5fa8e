"""Which of two states of one candle stands: the rule of the cache, as a pure function.

The script `lua/candles.lua` does the same in the store; tests hold the two equal. States of different times may arrive
in any order and the same one stands in the end: a closed one before an open one, then the one told last.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from perseus.market.candle import Candle


class Change(StrEnum):
    """What a new state does to the one that stands."""

    FIRST = "first"
    MOVED = "moved"
    CLOSED = "closed"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    SAME = "same"
    REFUSED = "refused"

    @property
    def is_written(self) -> bool:
        """Does the new state stand from now on?"""
        return self not in (Change.SAME, Change.REFUSED)


def change(old: Candle | None, new: Candle) -> Change:
    """What `new` does to `old`, a state of the same candle; None: nothing is there.

    An open state never follows a closed one, and an older one no newer one but to close it. A closed state that was
    told again with the same numbers is CONFIRMED: only its time moves on, so that no older word can correct it.
    """
    if old is None:
        return Change.FIRST
    if old == new:
        return Change.SAME
    if old.is_closed:
        if not new.is_closed or new.event_ms < old.event_ms:
            return Change.REFUSED
        if same_numbers(old, new):
            return Change.CONFIRMED if new.event_ms > old.event_ms else Change.SAME
        return Change.CORRECTED if new.event_ms > old.event_ms else Change.REFUSED
    if new.is_closed:
        return Change.CLOSED
    return Change.MOVED if new.event_ms >= old.event_ms else Change.REFUSED


def same_numbers(one: Candle, other: Candle) -> bool:
    """Do both say the same numbers, however they write them? What is not known is another word than any number."""
    return one.trades == other.trades and all(
        left == right or (None not in (left, right) and Decimal(left or 0) == Decimal(right or 0))
        for left, right in zip(_decimals(one), _decimals(other), strict=True)
    )


def _decimals(candle: Candle) -> tuple[str | None, ...]:
    return candle.open, candle.high, candle.low, candle.close, candle.volume, candle.quote_volume

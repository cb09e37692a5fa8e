"""Rows of REST that are no candles: what is so always is no hole, since the exchange has something there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from perseus.market.coverage import Coverage
from perseus.market.timeframes import HOUR, Timeframe

SPOILT_TIMES = 8
"""So many answers in a row must have a row as no candle: one may be spoilt on its way."""
UNREADABLE_MS = HOUR
"""What stays so is asked for again as seldom."""


@dataclass
class NoRows:
    """Of one pair. True while there are some that are always so. Times in Unix ms."""

    _times: dict[int, int] = field(default_factory=dict)
    _always: set[int] = field(default_factory=set)
    _again_ms: int = 0
    _due_ms: int = 0

    def __bool__(self) -> bool:
        return bool(self._always)

    def answered(self, opens: Collection[int], asked_ms: int) -> None:
        """An answer had rows there, and none of them was a candle."""
        self._times = {at: self._times.get(at, 0) + 1 for at in opens}
        if fresh := {at for at, times in self._times.items() if times >= SPOILT_TIMES or at in self._always}:
            self._always |= fresh
            self._again_ms = self._due_ms = asked_ms + UNREADABLE_MS

    def is_due(self, now_ms: int) -> bool:
        """Has it become time to ask for them again? Once."""
        if not self._always or now_ms < self._due_ms:
            return False
        self._due_ms = now_ms + UNREADABLE_MS
        return True

    def settle(self, known: Coverage, start_ms: int, timeframe: Timeframe) -> None:
        """What is `known` meanwhile, or opens before `start_ms`, is not asked for any more."""
        self._always = {at for at in self._always if at >= start_ms and known.unverified(at, timeframe.close_of(at))}

    def hidden(self, now_ms: int) -> Collection[int]:
        """What is not to be asked for yet."""
        return self._always if now_ms < self._again_ms else ()

    def clear(self) -> None:
        """What was learnt counts no more."""
        self._always.clear()

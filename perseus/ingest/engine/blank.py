"""Answers of REST with nothing in them: an exchange in trouble gives them too, so they are no word yet."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from perseus.market.coverage import Coverage, Range
from perseus.market.timeframes import Timeframe
from perseus.warmup.scan import SUFFICIENT

FEW = 3
"""So many candles without a trade are usual: of those an answer with nothing in it may be believed like any other."""
AGAIN_MS = (60_000, 600_000)
"""Asked again so long after the first and the second; what lies before candles that are known, only once."""


@dataclass(frozen=True, slots=True)
class Episode:
    """REST has given nothing for `asked` since then (Unix ms), which is not believed yet."""

    since_ms: int
    asked: Range


@dataclass
class Blank:
    """What REST gave nothing for, of one pair, and when it is asked for that again. Times in Unix ms.

    `is_believed`: the latest episode ended so.
    """

    asked: Range = (0, 0)
    times: int = 0
    again_ms: int = 0
    is_believed: bool = False
    _since_ms: int = 0
    _is_told: bool = False

    def believes(
        self, nothing: Set[int], asked: Range, asked_ms: int, coverage: Coverage, timeframe: Timeframe
    ) -> bool:
        """REST gave nothing for `asked`, where `nothing` are open times that no other answer lacked: is it so?"""
        if len(nothing) <= FEW or _begins_after(asked[1], coverage, timeframe):
            return True
        is_before_known = not coverage.unverified(asked[1], timeframe.shift(asked[1], SUFFICIENT))
        return self._heard(asked, asked_ms, is_before_known)

    def _heard(self, asked: Range, asked_ms: int, is_before_known: bool) -> bool:
        if asked_ms < self.again_ms:
            return False
        self.times = self.times + 1 if self._is_of(asked) else 1
        if self.times == 1:
            self._since_ms, self.is_believed = asked_ms, False
        if self.times > (1 if is_before_known else len(AGAIN_MS)):
            self.clear(asked)
            self.is_believed = True
            return True
        self.asked, self.again_ms, self._is_told = asked, asked_ms + AGAIN_MS[self.times - 1], False
        return False

    def clear(self, asked: Range) -> None:
        """It has given something for that, or what was learnt of it counts no more."""
        if self._is_of(asked):
            self.asked, self.times, self.again_ms = (0, 0), 0, 0

    @property
    def episode(self) -> Episode | None:
        """The one that goes on."""
        return Episode(self._since_ms, self.asked) if self.times else None

    def _is_of(self, asked: Range) -> bool:
        return asked[0] < self.asked[1] and self.asked[0] < asked[1]

    def hidden(self, now_ms: int) -> Range | None:
        """What is not to be asked for yet."""
        return self.asked if now_ms < self.again_ms else None

    def is_due(self, now_ms: int) -> bool:
        """Has it become time to ask again? Once."""
        is_due = self.times > 0 and now_ms >= self.again_ms and not self._is_told
        self._is_told = self._is_told or is_due
        return is_due


def _begins_after(at_ms: int, coverage: Coverage, timeframe: Timeframe) -> bool:
    """Has an answer with something in it shown that there was nothing yet?"""
    few_ms = timeframe.shift(at_ms, FEW)
    return any(start_ms <= at_ms and few_ms < end_ms for start_ms, end_ms, _ in coverage.holes)

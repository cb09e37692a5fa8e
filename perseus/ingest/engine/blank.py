"""Answers of REST with nothing in them: an exchange in trouble gives them too, so they are no word yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass, field

from perseus.ingest.engine.absence import FEW, begins_after
from perseus.market.coverage import Coverage, Range
from perseus.market.timeframes import Timeframe

AGAIN_MS = (60_000, 600_000)
"""Asked again so long after the first and the second. What is given nothing then too is believed, but not for good."""


@dataclass(frozen=True, slots=True)
class Episode:
    """REST has given nothing for `asked` since then (Unix ms), which is not believed yet."""

    since_ms: int
    asked: Range


@dataclass(slots=True)
class _Silence:
    """One range that nothing was given for, `times` so far.

    `is_few`: only for what is in doubt beside it; once that is believed, the next answer is.
    """

    asked: Range
    since_ms: int
    again_ms: int
    is_few: bool
    times: int = 1
    is_told: bool = False

    def overlaps(self, other: Range) -> bool:
        return other[0] < self.asked[1] and self.asked[0] < other[1]

    def has(self, at_ms: int) -> bool:
        return self.asked[0] <= at_ms < self.asked[1]


@dataclass
class Blank:
    """What REST gave nothing for, of one pair, and when it is asked for that again. Times in Unix ms.

    Each range has times of its own: what is asked for later, deeper or newer, waits by itself. `is_believed`: the
    latest episode ended so, of one of its ranges at least. `is_filled`: of each that is over something came.
    """

    is_believed: bool = False
    is_filled: bool = True
    _silences: list[_Silence] = field(default_factory=list)

    def doubted(
        self,
        nothing: Set[int],
        asked: Range,
        asked_ms: int,
        coverage: Coverage,
        timeframe: Timeframe,
        *,
        is_wrong: bool = False,
    ) -> Set[int]:
        """REST gave nothing for `asked`, where `nothing` are open times that no other answer lacked: what may be there?

        All else of it is not. `is_wrong`: it lacked too what is there for sure.
        """
        if not is_wrong and begins_after(asked[1], coverage, timeframe):
            self.clear(asked)
            return set()
        fresh = {at for at in nothing if not any(one.has(at) for one in self._silences)}
        taken = [one.asked for one in self._silences]
        for one in [one for one in self._silences if one.overlaps(asked) and one.again_ms <= asked_ms]:
            self._heard_again(one, asked_ms)
        if (fresh and is_wrong) or len(fresh) > FEW or (fresh and self._silences and not self.is_believed):
            self.is_believed = self.is_believed and bool(self._silences)
            self.is_filled = self.is_filled or not self._silences
            is_few = len(fresh) <= FEW and not is_wrong
            for free in _less(asked, taken):
                self._silences.append(_Silence(free, asked_ms, asked_ms + AGAIN_MS[0], is_few))
        return {at for at in nothing if any(one.has(at) for one in self._silences)}

    def _heard_again(self, one: _Silence, asked_ms: int) -> None:
        one.times += 1
        if one.times > len(AGAIN_MS):
            self._silences.remove(one)
            self.is_believed = True
            for few in (each for each in self._silences if each.is_few):
                few.times, few.again_ms, few.is_told = len(AGAIN_MS), asked_ms, False
            return
        one.again_ms, one.is_told = asked_ms + AGAIN_MS[one.times - 1], False

    def has_doubted(self, asked: Range) -> bool:
        """Was nothing given for any of it, which is not believed yet?"""
        return any(one.overlaps(asked) for one in self._silences)

    def clear(self, asked: Range, came: Collection[int] = ()) -> None:
        """It has given something for that, or what was learnt of it counts no more. `came`: what lacked before."""
        over = [one for one in self._silences if one.overlaps(asked) and not one.is_few]
        self.is_filled = self.is_filled and all(any(one.has(at) for at in came) for one in over)
        self._keep([one for one in self._silences if not one.overlaps(asked)])

    def settle(self, known: Coverage, start_ms: int) -> None:
        """What is `known` meanwhile, or opens before `start_ms`, is in doubt no more."""
        since = [(one, max(start_ms, one.asked[0])) for one in self._silences if one.asked[1] > start_ms]
        self._keep([one for one, from_ms in since if known.unverified(from_ms, one.asked[1])])

    def _keep(self, silences: list[_Silence]) -> None:
        self._silences = silences if any(not one.is_few for one in silences) or self.is_believed else []

    @property
    def episode(self) -> Episode | None:
        """The one that goes on."""
        if not self._silences:
            return None
        return Episode(min(one.since_ms for one in self._silences), self._silences[-1].asked)

    def hidden(self, now_ms: int) -> list[Range]:
        """What is not to be asked for yet."""
        return [one.asked for one in self._silences if now_ms < one.again_ms]

    def is_due(self, now_ms: int) -> bool:
        """Has it become time to ask for any of it again? Once."""
        due = [one for one in self._silences if now_ms >= one.again_ms and not one.is_told]
        for one in due:
            one.is_told = True
        return bool(due)


def _less(whole: Range, taken: Iterable[Range]) -> list[Range]:
    """What is left of `whole`."""
    known = Coverage()
    for start_ms, end_ms in taken:
        known = known.verify(start_ms, end_ms)
    return list(known.unverified(*whole))

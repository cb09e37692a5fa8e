"""Has it known which pairs could not be fetched, those of one reason together, and that they could after all."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from perseus.ingest.engine.series import Series
from perseus.ingest.engine.writer import Say
from perseus.market.candle import Pair

log = logging.getLogger(__name__)

GATHER_SECONDS = 20.0
"""So long at most others of the same reason are waited for, and what comes meanwhile is told nowhere."""
EVERY_SECONDS = 60.0
"""One reason is told no more often."""
AGAIN_SECONDS = 3_600.0
"""A pair that goes on to fail for the same reason is told no more often."""
NAMED = 5
NUMBERS = re.compile(r"\d+")


@dataclass
class _Reason:
    """`since`: when the first of those that `wait` came; `last`: when it was told last."""

    since: float
    last: float | None = None
    wait: dict[Pair, str] = field(default_factory=dict)


class Failing:
    """`say` is told of what fails; that it is over stands in the log alone. Its time (s) is that of the last look."""

    def __init__(self, series: Mapping[Pair, Series], say: Say) -> None:
        self._series, self._say = series, say
        self._reasons: dict[str, _Reason] = {}
        self._told: dict[Pair, tuple[str, float]] = {}
        self._came: dict[Pair, float] = {}
        self._now = 0.0

    def failed(self, pair: Pair, why: str) -> None:
        """It could not be fetched."""
        kind = NUMBERS.sub("0", why.replace(pair.symbol, ""))
        self._came.pop(pair, None)
        before = self._told.get(pair)
        if before is not None and before[0] == kind and self._now - before[1] < AGAIN_SECONDS:
            return
        reason = self._reasons.setdefault(kind, _Reason(self._now))
        if not reason.wait:
            reason.since = self._now
        reason.wait.setdefault(pair, why)

    def came(self, pair: Pair) -> None:
        """It was fetched."""
        for reason in self._reasons.values():
            reason.wait.pop(pair, None)
        if pair in self._told:
            self._came.setdefault(pair, self._now)

    def look(self, now: float, now_ms: int) -> None:
        """Tell what has waited long enough. `now_ms`: exchange time."""
        self._now = now
        for kind, reason in list(self._reasons.items()):
            is_early = reason.last is not None and now - reason.last < EVERY_SECONDS
            if reason.wait and now - reason.since >= GATHER_SECONDS and not is_early:
                self._tell(kind, reason)
            elif not reason.wait and not is_early:
                del self._reasons[kind]
        self._tell_whole(now_ms)

    def _tell(self, kind: str, reason: _Reason) -> None:
        (first, why), *others = reason.wait.items()
        more = f" The same of {_counted(len(others))}: {named([pair for pair, _ in others])}." if others else ""
        self._say(f"{first}: {why}{more}")
        self._told |= dict.fromkeys(reason.wait, (kind, self._now))
        reason.last, reason.wait = self._now, {}

    def _tell_whole(self, now_ms: int) -> None:
        """Once no more have come for a moment, so that one line has all of them."""
        whole = [pair for pair in self._came if self._series[pair].is_whole(now_ms)]
        if not whole or (self._now - max(self._came.values()) < GATHER_SECONDS and len(self._came) < len(self._told)):
            return
        for pair in whole:
            del self._came[pair], self._told[pair]
        what = "1 pair that failed is" if len(whole) == 1 else f"{len(whole)} pairs that failed are"
        log.warning("%s complete again: %s.", what, named(whole))


def _counted(count: int) -> str:
    return "1 pair more" if count == 1 else f"{count} pairs more"


def named(pairs: Collection[Pair]) -> str:
    """The first few of them."""
    first = ", ".join(map(str, list(pairs)[:NAMED]))
    return f"{first} and {len(pairs) - NAMED} more" if len(pairs) > NAMED else first

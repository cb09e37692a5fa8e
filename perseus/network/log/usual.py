"""How long a state usually lasts at one exchange, learned from its log, and whether it has lasted too long. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from perseus.network.log.spans import Change, History
from perseus.network.states import State
from perseus.network.view.reading import ExchangeStatus

#: What each passing state leads to when all goes well. A run that ended otherwise says nothing of how long it takes.
ONWARD = {
    State.IDLE: State.STARTING,
    State.STARTING: State.WARMING,
    State.WARMING: State.ACTIVE,
    State.STOPPING: State.STOPPED,
}
RUNS_LEAST = 5
RUNS_MOST = 50
#: It may take twice as long as it mostly did, and never less than this: short states waver by seconds.
LENIENCE = 2
LEAST_LIMIT_MS = 30_000


class Usual(NamedTuple):
    """Of the newest `runs` runs that ended well: the median, the time that 19 of 20 stayed under, and the limit."""

    runs: int
    median_ms: int
    most_ms: int
    limit_ms: int

    def is_exceeded(self, lasted_ms: int) -> bool:
        """Is the state stuck when it has lasted that long?"""
        return lasted_ms > self.limit_ms


def usual(history: History, state: State) -> Usual | None:
    """How long that state usually lasts here; None for one that may last, and for fewer than 5 runs."""
    runs = _runs(history.changes, state)[-RUNS_MOST:] if state in ONWARD else []
    if len(runs) < RUNS_LEAST:
        return None
    most_ms = round(statistics.quantiles(runs, n=20, method="inclusive")[-1])
    limit_ms = max(LENIENCE * most_ms, LEAST_LIMIT_MS)
    return Usual(len(runs), round(statistics.median(runs)), most_ms, limit_ms)


def exceeded(status: ExchangeStatus, now_ms: int, usual_of: Callable[[State], Usual | None]) -> Usual | None:
    """What an instance exceeds that seems stuck; None for another. `usual_of`: `usual` of its log.

    Only a live one can be stuck: what is gone, or unknown, is told by its badge.
    """
    if not status.live or status.status is None or status.since_ms is None:
        return None
    figures = usual_of(status.status.connection_state)
    return figures if figures is not None and figures.is_exceeded(now_ms - status.since_ms) else None


def may_exceed(status: ExchangeStatus, now_ms: int) -> bool:
    """Is its log worth reading for that? Not while no log could call it stuck."""
    shortest = Usual(RUNS_LEAST, 0, 0, LEAST_LIMIT_MS)
    return exceeded(status, now_ms, lambda state: shortest if state in ONWARD else None) is not None


def _runs(changes: tuple[Change, ...], state: State) -> list[int]:
    onward = (state, ONWARD[state])
    return [after.at_ms - before.at_ms for before, after in pairwise(changes) if (before.state, after.state) == onward]

"""The breaker of one destination at work: what each result makes of it, and whom that is told."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from perseus.notify import system
from perseus.notify.delivery import BreakerState
from perseus.notify.lanes.attempt import Result
from perseus.notify.lanes.breaker import Breaker, Chance, backoff
from perseus.notify.outcomes import Outcome

log = logging.getLogger(__name__)

STUCK_SECONDS = 30.0
WORDS = {BreakerState.OPEN: system.OPENED, BreakerState.PARKED: system.PARKED, BreakerState.CLOSED: system.CLOSED}


@dataclass(frozen=True, slots=True)
class Turn:
    """The breaker went into another state, which people are told once. `what`: its word in the system log."""

    state: BreakerState
    reason: str

    @property
    def what(self) -> str:
        return WORDS[self.state]


class Circuit:
    """Holds the breaker. `destination`: for log lines."""

    def __init__(self, destination: str, breaker: Breaker, chance: Chance) -> None:
        self._destination = destination
        self._chance = chance
        self.breaker = breaker

    def judge(self, result: Result, now_ms: int) -> Turn | None:
        """Take in what came of an attempt. A wait is no failure, a message that is refused shows that all is well."""
        reason = result.reason or "no reason was given"
        if result.outcome is Outcome.WAIT:
            return None
        if result.outcome is Outcome.PERMANENT:
            return self._turned(self.breaker.parked(reason, now_ms))
        if result.outcome is not Outcome.RETRY:
            return self._turned(self.breaker.closed(now_ms))
        seconds = self._pause(result)
        if result.is_stuck:
            return self._turned(self.breaker.opened(reason, now_ms, seconds))
        return self._turned(self.breaker.failed(reason, now_ms, seconds))

    def answered(self, now_ms: int, *, is_all: bool) -> Turn | None:
        """A probe went well: the next message is the try. `is_all`: there is none, so all is well."""
        return self._turned(self.breaker.closed(now_ms) if is_all else self.breaker.trying())

    def park(self, reason: str, now_ms: int) -> Turn | None:
        """Until a person acts."""
        return self._turned(self.breaker.parked(reason, now_ms))

    def resume(self, now_ms: int) -> Turn | None:
        """A person has acted."""
        return self._turned(self.breaker.closed(now_ms))

    def _pause(self, result: Result) -> float:
        least = 0.0 if result.after_ms is None else result.after_ms / 1000
        if result.is_stuck:
            least = max(least, STUCK_SECONDS)
        elif result.after_ms is not None and self.breaker.state is BreakerState.CLOSED:
            return least
        return max(least, backoff(self.breaker.failures + 1, self._chance))

    def _turned(self, after: Breaker) -> Turn | None:
        before, self.breaker = _told(self.breaker), after
        if _told(after) is before:
            return None
        turn = Turn(after.state, after.reason if after.state is not BreakerState.CLOSED else "it takes messages again")
        level = logging.INFO if after.state is BreakerState.CLOSED else logging.WARNING
        log.log(level, "Destination %s is %s: %s", self._destination, turn.state, turn.reason)
        return turn


def _told(breaker: Breaker) -> BreakerState:
    """As people know it: the one try of an open breaker is nothing to tell."""
    return BreakerState.OPEN if breaker.state is BreakerState.HALF_OPEN else breaker.state

"""When a destination is not sent to for a while, and when it is tried again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from perseus.notify.delivery import BreakerState

FAILURES_MAX = 5
FIRST_SECONDS, LONGEST_SECONDS = 2.0, 300.0

#: Gives a number between the two, as `random.uniform`.
Chance = Callable[[float, float], float]


def backoff(failures: int, chance: Chance) -> float:
    """Seconds to wait after so many failures in a row: anything from 2 s to a bound that doubles up to 5 minutes."""
    return chance(FIRST_SECONDS, min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures, 16)))


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures`: in a row. `retry_ms`: no try before then. Times: Unix milliseconds of the store."""

    state: BreakerState = BreakerState.CLOSED
    reason: str = ""
    since_ms: int | None = None
    failures: int = 0
    retry_ms: int | None = None

    def is_due(self, now_ms: int) -> bool:
        """May something be tried now?"""
        return self.state is not BreakerState.PARKED and (self.retry_ms is None or self.retry_ms <= now_ms)

    def failed(self, reason: str, now_ms: int, seconds: float) -> Breaker:
        """After a failure that may mend itself; the next try is in so many seconds. Five in a row open it."""
        failures = self.failures + 1
        if self.state is BreakerState.CLOSED and failures < FAILURES_MAX:
            return replace(self, failures=failures, retry_ms=now_ms + round(seconds * 1000))
        return self.opened(reason, now_ms, seconds)

    def opened(self, reason: str, now_ms: int, seconds: float) -> Breaker:
        """Open at once, whatever came before."""
        since_ms = now_ms if self.state is BreakerState.CLOSED else self.since_ms
        return Breaker(BreakerState.OPEN, reason, since_ms, self.failures + 1, now_ms + round(seconds * 1000))

    def parked(self, reason: str, now_ms: int) -> Breaker:
        """Until a person acts."""
        return Breaker(BreakerState.PARKED, reason, now_ms, self.failures + 1)

    def trying(self) -> Breaker:
        """For the one try of an open breaker whose time has come."""
        return replace(self, state=BreakerState.HALF_OPEN) if self.state is BreakerState.OPEN else self

    def closed(self, now_ms: int) -> Breaker:
        """After a success, or by order of a person."""
        return Breaker(since_ms=self.since_ms if self.state is BreakerState.CLOSED else now_ms)

    def fields(self) -> dict[str, str]:
        """As the destination's state holds it."""
        return {
            "breaker": self.state,
            "breakerReason": self.reason,
            "breakerSince": _text(self.since_ms),
            "retryAt": _text(self.retry_ms),
            "failures": str(self.failures),
        }

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> Breaker:
        """Of the same. A try that its process did not outlive is open still; what cannot be read is closed."""
        try:
            state = BreakerState(fields.get("breaker") or BreakerState.CLOSED)
        except ValueError:
            return cls()
        state = BreakerState.OPEN if state is BreakerState.HALF_OPEN else state
        since_ms, retry_ms = _number(fields.get("breakerSince")), _number(fields.get("retryAt"))
        return cls(state, fields.get("breakerReason", ""), since_ms, _number(fields.get("failures")) or 0, retry_ms)


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 19 else None

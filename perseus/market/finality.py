"""When is a candle final? Pure: what is known of it and the exchange's time give what to do.

An exchange tells the end of a candle late, or not at all, and just after it its REST interface may still give the row
of a moment ago. So a state is final only when the stream says that it is finished and there is no doubt about the
stream, or when REST confirmed it, asked late enough. Times are Unix milliseconds of the exchange's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: An answer of REST counts as the finished candle from so long after its end on: by then its own database has it.
GRACE_MS = 3_000
#: So long after its end nobody waits for the stream any more.
PATIENCE_MS = 5_000


class Heard(StrEnum):
    """What the stream has said about the end of a candle."""

    NOTHING = "nothing"
    SUCCESSOR = "successor"
    """The next candle has begun; of exchanges that never say that one is finished."""
    CLOSED = "closed"
    """This is its finished state."""


class Doubt(StrEnum):
    """Why the stream alone is not believed about a candle."""

    RECONNECTED = "reconnected"
    SEQUENCE = "sequence"
    HEARTBEAT = "heartbeat"
    LATE = "late"
    STALLED = "stalled"


class Step(StrEnum):
    """What to do about a candle."""

    WAIT = "wait"
    CONFIRM = "confirm"
    FINAL = "final"


@dataclass(frozen=True)
class Finality:
    """What to do about a candle; `until_ms`: when to judge it anew, only of WAIT."""

    step: Step
    until_ms: int | None = None


FINAL = Finality(Step.FINAL)
CONFIRM = Finality(Step.CONFIRM)


def judge(
    close_ms: int,
    now_ms: int,
    *,
    heard: Heard = Heard.NOTHING,
    doubts: frozenset[Doubt] = frozenset(),
    read_ms: int | None = None,
) -> Finality:
    """What to do about the candle that ends at `close_ms` (exclusive).

    `doubts`: all that touch its time. `read_ms`: when REST was last asked for it and gave a row, or said that there
    is none. CONFIRM means: ask REST for its row, and judge again with `read_ms`.
    """
    if read_ms is not None and is_settled(close_ms, read_ms):
        return FINAL
    if heard is Heard.CLOSED and not doubts:
        return FINAL
    if heard is Heard.SUCCESSOR and not doubts:
        return FINAL if now_ms >= close_ms + GRACE_MS else Finality(Step.WAIT, close_ms + GRACE_MS)
    return CONFIRM if now_ms >= close_ms + PATIENCE_MS else Finality(Step.WAIT, close_ms + PATIENCE_MS)


def is_settled(close_ms: int, read_ms: int) -> bool:
    """May a row that REST gave at `read_ms` be taken for the finished candle that ended at `close_ms`?"""
    return read_ms >= close_ms + GRACE_MS

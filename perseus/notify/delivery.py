"""One attempt to deliver a message, as it is recorded and as observers hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perseus.notify.outcomes import Outcome


class BreakerState(StrEnum):
    """`closed`: sending. `open`: tried again at a time. `half_open`: the one try. `parked`: a person must act."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt. `events`: names of the events that the message stands for. `took_ms`: of the call.

    `notification`: its id. `reason`: for people, without secrets. `status`: of HTTP, where there was one.
    `attempt`: from 1; waits for a limit do not count. `at_ms`: when it ended, by the store.
    """

    destination: str
    notification: str
    kind: str
    title: str
    events: tuple[str, ...]
    outcome: Outcome
    reason: str | None
    status: int | None
    attempt: int
    took_ms: int
    at_ms: int
    ref: str | None = None
    url: str | None = None
    is_repeat: bool = False
    is_drill: bool = False
    worker: str = ""

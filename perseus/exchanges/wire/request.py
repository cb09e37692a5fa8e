"""What is asked of an exchange over HTTP, and how much of it the exchange allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WEIGHT = "weight"
"""Kind of a limit that counts what each request weighs, as the exchange lists it."""
REQUESTS = "requests"
"""Kind of a limit that counts requests, whatever they weigh."""
CONNECTS = "connects"
"""Kind of a limit that counts attempts to open a WebSocket."""
MESSAGES = "messages"
"""Kind of a limit that counts what is said on WebSockets, of all of them together."""
ON_SOCKETS = (CONNECTS, MESSAGES)
"""Kinds of which no request is a part."""
KINDS = (WEIGHT, REQUESTS, *ON_SOCKETS)


@dataclass(frozen=True, slots=True)
class Request:
    """One GET: `path` below the exchange's restUrl, beginning with `/`, and what it weighs by the exchange's list."""

    path: str
    params: Mapping[str, str]
    weight: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` of a kind within `interval_ms`, for all that comes from one address.

    `is_calendar`: the exchange counts anew when its clock passes a multiple of the interval, as Binance's minute; else
    within any span of that length, as Coinbase's second. Raises ValueError for what is no limit.
    """

    kind: str
    interval_ms: int
    amount: int
    is_calendar: bool

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of limit. Known: {', '.join(KINDS)}.")
        if self.interval_ms < 1 or self.amount < 1:
            raise ValueError(f"A limit of {self.amount} {self.kind} in {self.interval_ms} ms allows nothing.")

"""What one simulated exchange has seen, and each rule that a client broke."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

RULES = {
    "http_429": "went over the REST limit, and was told so by a 429",
    "http_418": "went on after a 429, and was banned by a 418",
    "asked_while_frozen": "asked before the Retry-After of a 429 or 418 had passed",
    "ws_1008": "was closed by 1008",
    "messages_over_limit": "too many messages in a second on a connection, at Coinbase from an address; pongs count",
    "connects_over_limit": "opened more connections than the limit allows",
    "too_many_streams": "subscribed to more streams than one connection may have",
    "url_too_long": "asked for a URL that is too long",
    "pong_missing": "left a ping without its pong until the deadline",
    "pong_wrong_payload": "sent a pong whose payload is of no ping that waits",
    "bad_message": "sent a message that the exchange cannot read",
    "bad_request": "asked over REST with a bad parameter",
    "subscribe_late": "did not subscribe within the first seconds of a connection",
    "several_channels": "named several channels in one message",
}


@dataclass
class Counters:
    """`seen`: what happened. `broken`: rules, by the names of RULES. `faults`: what was done on purpose, by fault.

    `peaks`: the most of a thing within its window, so that a test sees how near to a limit a client went.
    """

    seen: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    peaks: dict[str, int] = field(default_factory=dict)

    def breach(self, rule: str) -> None:
        """Count that a rule was broken. Raises KeyError unless RULES has it."""
        assert RULES[rule]
        self.broken[rule] += 1

    def peak(self, name: str, reached: int) -> None:
        self.peaks[name] = max(self.peaks.get(name, 0), reached)

    def as_json(self) -> dict[str, Any]:
        return {
            "seen": dict(self.seen),
            "broken": dict(self.broken),
            "faults": dict(self.faults),
            "peaks": dict(self.peaks),
        }

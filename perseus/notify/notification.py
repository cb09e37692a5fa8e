"""What a notifier is handed: one message for people, with the events that it stands for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event


class Kind(StrEnum):
    """Why there is a message.

    `event`: a transition or error. `recovery`: back online. `group`: many went at once. `reminder`: still offline.
    `flapping` and `calm`: begin and end of flap control. `gap`: events were trimmed before they could be delivered.
    `system`: about the dispatcher and other destinations.
    """

    EVENT = "event"
    RECOVERY = "recovery"
    GROUP = "group"
    REMINDER = "reminder"
    FLAPPING = "flapping"
    CALM = "calm"
    GAP = "gap"
    SYSTEM = "system"


class Severity(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Notification:
    """One message. `id` is the same for every repeat of it: what a receiver may tell repeats by.

    `title` is one plain line; `text` is what the destination's template gave, plain text without markup.
    `events`: those it stands for, oldest first. `exchange` is None for messages about several or about none.
    `at_ms`: when it happened, Unix milliseconds by the store. `incident`: the same for all messages of one outage.
    `facts`: further short facts, label and value, in order.
    `is_repeat`: it may have been delivered before. `is_drill`: somebody tries the way, nothing happened.
    """

    id: str
    kind: Kind
    severity: Severity
    title: str
    text: str
    at_ms: int
    events: tuple[Event, ...] = ()
    exchange: Exchange | None = None
    from_state: str | None = None
    to_state: str | None = None
    incident: str | None = None
    facts: tuple[tuple[str, str], ...] = field(default=())
    is_repeat: bool = False
    is_drill: bool = False
    is_replay: bool = False

    def to_json(self) -> str:
        """All of it as JSON, as dead letters keep it."""
        raw: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        raw["events"] = [[_listed(event.exchange), event.stream_id, dict(event.fields)] for event in self.events]
        raw["exchange"] = self.exchange and _listed(self.exchange)
        return json.dumps(raw)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The message of that text. Raises ValueError for what is none."""
        try:
            raw = json.loads(text)
            raw["kind"], raw["severity"] = Kind(raw["kind"]), Severity(raw["severity"])
            raw["events"] = tuple(Event(Exchange(*of), str(at), dict(said)) for of, at, said in raw["events"])
            raw["exchange"] = Exchange(*raw["exchange"]) if raw["exchange"] else None
            raw["facts"] = tuple((str(label), str(value)) for label, value in raw["facts"])
            return cls(**raw)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"this is no notification: {type(error).__name__}") from None


def _listed(exchange: Exchange) -> Sequence[int | str]:
    return exchange.id, exchange.name, exchange.display_name

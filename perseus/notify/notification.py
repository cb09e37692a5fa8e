"""What a notifier is handed: one message for people, with the events that it stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from perseus.network.activity import Event
from perseus.network.exchange import Exchange


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

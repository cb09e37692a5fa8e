"""What a destination does next, as values: the planner makes them, the lane carries them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from perseus.network.log.activity import Event
from perseus.notify.configuration import Configuration, Destination, Maintenance
from perseus.notify.notification import Notification
from perseus.notify.planning.memory import Memory


class Verdict(StrEnum):
    """What was decided about one event for one destination."""

    SEND = "send"
    MERGE = "merge"
    SUPPRESS = "suppress"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """One event's. `why`: a code of docs/notifications.md (`rule`, `no_route`, `silence`, `maintenance`, `debounced`,
    `flapping`, `grouped`, `edited`, `disabled`, `paused`, `replay` ...); `detail`: a sentence for people.
    """

    event: str
    verdict: Verdict
    why: str
    detail: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What lies before one destination at one moment.

    `pending`: by exchange name, the events behind its cursor, oldest first, as many as were read.
    `memories`, `maintenance`: by exchange name. `is_behind_limit`: messages queued while a limit was waited for, so
    they may be merged. `max_batch`: how many notifications one message of this kind can hold. `can_update`: sent
    messages can be edited. `now_ms`: the store's time.
    """

    destination: Destination
    configuration: Configuration
    pending: Mapping[str, Sequence[Event]]
    memories: Mapping[str, Memory]
    maintenance: Mapping[str, Maintenance]
    now_ms: int
    max_batch: int = 1
    can_update: bool = False
    is_behind_limit: bool = False
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """Change a message that was sent. Best effort: that it is gone stops nothing."""

    ref: str
    notification: Notification


@dataclass(frozen=True, slots=True)
class Step:
    """One step; when it is carried out, `cursor`, `memories` and `decisions` are committed together.

    `cursor`: by exchange name, the last event that is settled by this step. `notifications`: one message holding these,
    none when all is suppressed. `edit` is done before. `remembers_ref`: exchanges in whose incident the reference of
    the new message is to be kept.
    """

    decisions: tuple[Decision, ...] = ()
    cursor: Mapping[str, Event] = field(default_factory=dict)
    memories: Mapping[str, Memory] = field(default_factory=dict)
    notifications: tuple[Notification, ...] = ()
    edit: Edit | None = None
    remembers_ref: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do before `until_ms` (None: before something new comes). `held`: why events wait, by event name."""

    until_ms: int | None = None
    held: Mapping[str, str] = field(default_factory=dict)

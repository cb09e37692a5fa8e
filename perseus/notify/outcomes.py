"""What may become of a delivery. A notifier returns `Delivered` (or None) or raises one of the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perseus.errors import PerseusError


class Outcome(StrEnum):
    """Result classes of one attempt. WAIT counts no attempt; POISON and PERMANENT are final for the message."""

    DONE = "done"
    WAIT = "wait"
    RETRY = "retry"
    POISON = "poison"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service took it. `ref`: its name of the message, for later edits; `url`: where people see it."""

    ref: str | None = None
    url: str | None = None


class DeliveryError(PerseusError):
    """Root of what a notifier raises. `reason` is for people and is shown: no secrets, no bodies.

    `status`: the HTTP status, where there was one; `answer`: what came with it, for the notifier alone: it is never
    shown, for some services give back what they were sent. Anything else that a notifier raises counts as `Retry`.
    """

    outcome = Outcome.RETRY

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.answer: str | None = None


class Wait(DeliveryError):
    """The service asks for a pause (429), or a limit says that one is due. `seconds` from now."""

    outcome = Outcome.WAIT

    def __init__(
        self, seconds: float, reason: str = "the service asks for a pause", *, status: int | None = None
    ) -> None:
        super().__init__(reason, status=status)
        self.seconds = seconds


class Retry(DeliveryError):
    """Try again later: time-out, 5xx, half a reply. `after`: seconds, else full jitter from 2 s to 5 min.

    `may_have_arrived`: False where the service cannot have the message, as when there was no connection. In doubt it
    is True, and the message goes out again marked as a possible repeat.
    """

    def __init__(
        self, reason: str, *, after: float | None = None, status: int | None = None, may_have_arrived: bool = True
    ) -> None:
        super().__init__(reason, status=status)
        self.after = after
        self.may_have_arrived = may_have_arrived


class Poison(DeliveryError):
    """The service will never take this message (400), but takes others: a dead letter, and on with the next."""

    outcome = Outcome.POISON


class Permanent(DeliveryError):
    """The service takes nothing from us any more (401, 403, 404, 410): the destination parks until a person acts."""

    outcome = Outcome.PERMANENT

"""Why an event was sent or not: the codes of decisions, with what each means. `docs/notifications.md` lists them."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """A code in `Decision.why`. Its `detail` says the same about the one event, with names and times."""

    RULE = "rule"
    INCIDENT = "incident"
    REPLAY = "replay"
    FLAPPING_BEGAN = "flapping_began"
    GROUPED = "grouped"
    BATCHED = "batched"
    EDITED = "edited"
    SAME_OUTAGE = "same_outage"
    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    DEBOUNCED = "debounced"
    FLAPPING = "flapping"
    UNTOLD = "untold"
    QUIET_RECOVERY = "quiet_recovery"
    NO_ROUTE = "no_route"
    TO_NOBODY = "to_nobody"
    LOOP = "loop"


MEANING = {
    Why.RULE: "a rule sends it here",
    Why.INCIDENT: "the outage was told here, so its recovery is too",
    Why.REPLAY: "somebody had the past sent again",
    Why.FLAPPING_BEGAN: "the change that made the exchange flapping: one message says so",
    Why.GROUPED: "told in one message with the same of other exchanges",
    Why.BATCHED: "queued behind a limit, and sent in one message with others",
    Why.EDITED: "the message of the outage was changed to say it",
    Why.SAME_OUTAGE: "the exchange was offline already, and that was told",
    Why.SILENCE: "a silence covers it",
    Why.MAINTENANCE: "the owner of the exchange announced maintenance",
    Why.DEBOUNCED: "the exchange was back before the debounce time was over",
    Why.FLAPPING: "the exchange is flapping; its state is told when it is calm",
    Why.UNTOLD: "it is the return from an outage that was not told",
    Why.QUIET_RECOVERY: "this destination wants no messages about recoveries",
    Why.NO_ROUTE: "no rule sends it here",
    Why.TO_NOBODY: "a rule sends it to nobody",
    Why.LOOP: "it is about this destination itself",
}

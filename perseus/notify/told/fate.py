"""What became of one event at one destination, in a word: told from its records and from where the cursor is. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from perseus.network.log.activity import Event
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Verdict
from perseus.notify.texts import eventfacts
from perseus.notify.told import records
from perseus.notify.told.records import Attempted, Decided, Record
from perseus.notify.told.standing import Cursor


class Fate(StrEnum):
    """`sent`: in a message of its own. `merged`: in one with others, or by changing one. `waiting`: not settled yet.

    `failed`: its message was given up. `suppressed`: by intent, for a time: silence, maintenance, flapping. `dropped`:
    it was never meant for this destination. `unknown`: no record of it is kept.
    """

    SENT = "sent"
    MERGED = "merged"
    WAITING = "waiting"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


_DECIDED = {
    Verdict.SEND: Fate.SENT,
    Verdict.MERGE: Fate.MERGED,
    Verdict.SUPPRESS: Fate.SUPPRESSED,
    Verdict.DROP: Fate.DROPPED,
}


def of(told: Iterable[Record]) -> Fate | None:
    """By the records about one event, oldest first; None where there are none that say it. Drills say nothing."""
    decided: Decided | None = None
    outcomes: list[Outcome] = []
    for record in told:
        if isinstance(record, Decided):
            decided = record
        elif isinstance(record, Attempted) and not record.is_drill:
            outcomes.append(record.outcome)
    return _judged(decided.verdict if decided else None, outcomes)


def _judged(verdict: Verdict | None, outcomes: list[Outcome]) -> Fate | None:
    """Once delivered is delivered, whatever a replay came to. A decision is written when its message is settled."""
    if Outcome.DONE in outcomes:
        return Fate.MERGED if verdict is Verdict.MERGE else Fate.SENT
    if Outcome.POISON in outcomes or (outcomes and verdict in (Verdict.SEND, Verdict.MERGE)):
        return Fate.FAILED
    if verdict is not None:
        return _DECIDED[verdict]
    return Fate.WAITING if outcomes else None


def unrecorded(event: Event, cursor: Cursor) -> Fate:
    """Of an event without records: still to come, from before the destination began, or not known."""
    if is_before(event, cursor):
        return Fate.DROPPED
    if not has_begun(cursor):
        return Fate.UNKNOWN
    return Fate.UNKNOWN if is_settled(event, cursor) else Fate.WAITING


def is_before(event: Event, cursor: Cursor) -> bool:
    """Was it written before the destination began to listen?"""
    return cursor.since_ms is not None and eventfacts.at_ms(event) < cursor.since_ms


def has_begun(cursor: Cursor) -> bool:
    """Has any dispatcher ever served the destination? It begins with what happens then."""
    return cursor.since_ms is not None or bool(cursor.marks)


def is_settled(event: Event, cursor: Cursor) -> bool:
    """Has the cursor passed it?"""
    mark = cursor.marks.get(event.exchange.name)
    return mark is not None and records.place(event.stream_id) <= records.place(mark.stream_id)

"""A destination's history and dead letters as the pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.notify.delivery import BreakerState
from perseus.notify.planning.steps import Verdict
from perseus.notify.told import fate
from perseus.notify.told.fate import Fate
from perseus.notify.told.records import Attempted, BreakerChanged, DeadLetter, Decided, Foreign, Ordered, Record
from perseus.web import moments, words
from perseus.web.feed import attempts, deliveries
from perseus.web.feed.deliveries import Mark
from perseus.web.moments import Moment

EVENTS_SHOWN = 3
TEXT_LIMIT = 600
BREAKERS = {
    BreakerState.CLOSED: Mark("sent", "Sending again", ""),
    BreakerState.HALF_OPEN: Mark("waiting", "Trying again", ""),
    BreakerState.OPEN: Mark("failed", "Breaker opened", ""),
    BreakerState.PARKED: Mark("failed", "Parked", ""),
}
ORDERS = {
    "probe": "Probe",
    "test": "Test send",
    "dry_run": "Dry run",
    "replay": "Replay",
    "redrive": "Redrive",
    "discard": "Discard",
    "resume": "Close breaker",
}
#: Filters of the history, as they are called there.
CHOICES = {
    "done": "delivered",
    "retry": "failed, to be tried again",
    "wait": "asked to wait",
    "poison": "message refused",
    "permanent": "destination refused",
    "send": "decided: send",
    "merge": "decided: merge",
    "suppress": "decided: suppress",
    "drop": "decided: not for it",
    "order": "orders",
    "breaker": "breaker",
}


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One record. `events`: names of the first few, `more` how many there are besides."""

    id: str
    at: Moment | None
    mark: Mark
    text: str
    events: tuple[str, ...]
    more: int
    notes: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class DeadRow:
    """One dead letter."""

    id: str
    at: Moment | None
    title: str
    reason: str
    status: str
    attempts: str
    events: tuple[str, ...]
    more: int


def row(record: Record) -> HistoryRow:
    """One record of a history."""
    mark, text = _said(record)
    # A drill is about an event that never happened.
    events = () if isinstance(record, Attempted) and record.is_drill else record.events
    shown = tuple(events[:EVENTS_SHOWN])
    notes: tuple[str, ...] = ()
    url = None
    if isinstance(record, Attempted):
        told = attempts.attempt(record)
        url, notes = told.url, tuple(filter(None, (told.status, told.took, *told.notes)))
    plain = words.plain(text, TEXT_LIMIT)
    return HistoryRow(
        record.stream_id, moments.ago(record.at_ms), mark, plain, shown, len(events) - len(shown), notes, url
    )


def dead(letter: DeadLetter) -> DeadRow:
    """One dead letter."""
    shown = tuple(letter.events[:EVENTS_SHOWN])
    return DeadRow(
        letter.stream_id,
        moments.ago(letter.at_ms),
        words.plain(letter.title, 300) or "a message without a title",
        words.plain(letter.reason, TEXT_LIMIT) or "no reason is recorded",
        "" if letter.status is None else f"HTTP {letter.status}",
        "" if letter.attempts is None else words.counted(letter.attempts, "attempt"),
        shown,
        len(letter.events) - len(shown),
    )


def _said(record: Record) -> tuple[Mark, str]:
    match record:
        case Decided():
            if record.verdict is Verdict.SEND:  # what came of it stands in rows of its own
                return Mark("waiting", "To be sent", ""), record.detail
            became = fate.of((record,)) or Fate.UNKNOWN
            return deliveries.mark(became), record.detail
        case Attempted():
            return attempts.attempt(record).mark, f"{record.title}: {record.reason}" if record.reason else record.title
        case Ordered():
            word = ORDERS.get(record.kind) or words.plain(record.kind, 40) or "Order"
            return Mark("sent" if record.is_ok else "failed", word, ""), f"{record.result} (by {record.by or 'nobody'})"
        case BreakerChanged():
            return BREAKERS[record.state], record.reason
        case Foreign():
            pairs = [f"{key}={value}" for key, value in list(record.fields.items())[:12]]
            return Mark("unknown", "Unknown entry", ""), ", ".join(pairs)
    return Mark("unknown", "Unknown entry", ""), ""

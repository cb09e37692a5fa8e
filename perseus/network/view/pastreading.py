"""What may be said of an exchange at a past moment. Pure: what is left of that time in, verdict out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perseus.clock import parse_iso
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, Event
from perseus.network.payload import InstanceStatus
from perseus.network.states import OFFLINE, State
from perseus.network.view.reading import Condition, ExchangeStatus, LastRecord

LOST = "no heartbeat until its lease ended"
ENDS = (State.STOPPED, State.IDLE)  # a log tells of idle only when a start was given up


@dataclass(frozen=True, slots=True)
class PastReading:
    """`before`: events up to that moment, newest first; `after`: those that followed, oldest first.

    `told` and `last` are of today. `cut_before_ms`: the storm cap left nothing older than this in the log.
    """

    exchange: Exchange
    before: tuple[Event, ...]
    after: tuple[Event, ...]
    told: InstanceStatus | None
    last: LastRecord | None
    cut_before_ms: int = 0


def judge(reading: PastReading, at_ms: int) -> ExchangeStatus:
    """How it was. An end may be written down after it happened, or never, so what stands before is not all evidence."""
    if reading.cut_before_ms > at_ms:
        return _gone(reading, Condition.UNKNOWN, "its activity log was cut: it wrote more than a log holds")
    latest = first_transition(reading.before)
    ended = (_ended(reading, latest) if latest else None) or _ended_unseen(reading, at_ms)
    if ended is not None:
        return ended
    if latest is not None:
        return _in_state(reading, latest.fields.get("toState", ""), latest.at_ms)
    return _without_transition(reading, at_ms)


def first_transition(events: Iterable[Event]) -> Event | None:
    """The first that is a change of state."""
    return next((event for event in events if event.kind == TRANSITION), None)


def _ended(reading: PastReading, latest: Event) -> ExchangeStatus | None:
    state = latest.fields.get("toState", "")
    if state == OFFLINE:
        return _gone(reading, Condition.OFFLINE, LOST, _offline_ms(latest))
    if state in ENDS:
        return _gone(reading, Condition.STOPPED, latest.fields.get("reason") or None, latest.at_ms)
    return None


def _ended_unseen(reading: PastReading, at_ms: int) -> ExchangeStatus | None:
    """The end of its lease by then, as what followed or its last record tells it."""
    following, last = first_transition(reading.after), reading.last
    if following is not None:
        died_ms = _offline_ms(following) if following.fields.get("toState") == OFFLINE else None
    elif last is None or reading.told is not None:
        return None
    elif last.closed_ms is not None:
        is_closed = last.closed_ms <= at_ms
        return _gone(reading, Condition.STOPPED, last.reason, last.closed_ms) if is_closed else None
    else:
        died_ms = last.until_ms
    return _gone(reading, Condition.OFFLINE, LOST, died_ms) if died_ms is not None and died_ms <= at_ms else None


def _without_transition(reading: PastReading, at_ms: int) -> ExchangeStatus:
    said = next((event.fields["state"] for event in reading.before if event.fields.get("state")), None)
    following, told, last = first_transition(reading.after), reading.told, reading.last
    if said is None and following is not None:
        return _before(reading, following)
    if said is not None:
        return _in_state(reading, said, None)
    if told is not None and parse_iso(told.last_state_change) <= at_ms:
        return _in_state(reading, told.connection_state, parse_iso(told.last_state_change))
    if told is None and last is None and not reading.before and not reading.after:
        return _gone(reading, Condition.NEVER_SEEN, None)
    return _nothing_left(reading)


def _before(reading: PastReading, following: Event) -> ExchangeStatus:
    """As what followed says that it was until then."""
    state = following.fields.get("fromState", "")
    if state != State.IDLE:
        return _in_state(reading, state, None)
    return _nothing_left(reading) if following.fields.get("downtimeMs") else _gone(reading, Condition.NEVER_SEEN, None)


def _nothing_left(reading: PastReading) -> ExchangeStatus:
    return _gone(reading, Condition.UNKNOWN, "no record of it is left from that time")


def _in_state(reading: PastReading, state: str, since_ms: int | None) -> ExchangeStatus:
    if state not in tuple(State):
        return _gone(reading, Condition.UNKNOWN, "its log names a state that this version does not know")
    return _status(reading, Condition(state), True, since_ms, None)


def _gone(
    reading: PastReading, condition: Condition, reason: str | None, since_ms: int | None = None
) -> ExchangeStatus:
    return _status(reading, condition, False, since_ms, reason)


def _status(
    reading: PastReading, condition: Condition, live: bool, since_ms: int | None, reason: str | None
) -> ExchangeStatus:
    newest = next(iter(reading.before), None)
    return ExchangeStatus(reading.exchange, condition, live, None, since_ms, None, None, reason, newest)


def _offline_ms(event: Event) -> int:
    try:
        return parse_iso(event.fields.get("offlineAt", ""))
    except (ValueError, OverflowError):
        return event.at_ms

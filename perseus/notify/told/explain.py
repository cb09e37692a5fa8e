"""Why one event was sent to one destination, or was not, or not yet: the answer first, then the reasons. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perseus.network.log.activity import Event
from perseus.notify.configuration import Configuration
from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.routing import route
from perseus.notify.texts import eventfacts
from perseus.notify.texts.spans import SECOND, clock, moment, span
from perseus.notify.told import fate
from perseus.notify.told.fate import Fate
from perseus.notify.told.ledger import Position, Told
from perseus.notify.told.records import Attempted, DeadLetter, Decided
from perseus.notify.told.why import MEANING, Why

CODE_MAX = 40


@dataclass(frozen=True, slots=True)
class Serving:
    """Who could send for the destination. `problem`: why nobody can, in a sentence; '' while somebody can."""

    is_paused: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that an explanation is made from: what the store and the configuration say, read together."""

    event: Event
    destination: str
    configuration: Configuration
    serving: Serving
    position: Position
    told: Told
    dead: tuple[DeadLetter, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the why. `code`: one of `why`, or what it waits for; `at_ms`: when it was recorded."""

    code: str
    text: str
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`answer`: one sentence. `reasons`: why, most telling first. `attempts`: oldest first; texts are as recorded."""

    event: str
    destination: str
    fate: Fate
    answer: str
    reasons: tuple[Reason, ...]
    attempts: tuple[Attempted, ...]


def explain(evidence: Evidence) -> Explanation:
    """Why, for one event and one destination."""
    event, told = evidence.event, evidence.told.records
    attempts = tuple(one for one in told if isinstance(one, Attempted))
    became = fate.of(told) or fate.unrecorded(event, evidence.position.cursor)
    reasons = (*_decided(evidence), *(_unrecorded(evidence, became) if not told else _pending(evidence, became)))
    real = [one for one in attempts if not one.is_drill]
    answer = _answer(evidence, became, reasons, real)
    return Explanation(event.name, evidence.destination, became, answer, reasons, attempts)


def _answer(evidence: Evidence, became: Fate, reasons: tuple[Reason, ...], attempts: list[Attempted]) -> str:
    name, why = evidence.destination, reasons[0].text if reasons else "nothing more is recorded"
    match became:
        case Fate.SENT | Fate.MERGED:
            return _delivered(evidence, became, attempts, why)
        case Fate.WAITING:
            return f"Not sent to {name} yet: {why}."
        case Fate.FAILED:
            return f"{name} was not told: {_failure(attempts)}."
        case Fate.SUPPRESSED:
            return f"{name} was not told, by intent: {why}."
        case Fate.DROPPED:
            return f"{name} was not told: {why}."
    return f"It is not known whether {name} was told: {why}."


def _delivered(evidence: Evidence, became: Fate, attempts: list[Attempted], why: str) -> str:
    done = next((one for one in attempts if one.outcome is Outcome.DONE), None)
    how = "told" if became is Fate.SENT else "told together with others, or by a change of its message,"
    if done is None:
        return f"{evidence.destination} was {how}: {why}."
    after_ms = done.at_ms - eventfacts.at_ms(evidence.event)
    lag = f"{span(after_ms)} after it happened" if after_ms >= SECOND else "within a second"
    tries = f", at attempt {done.attempt}" if done.attempt > 1 else ""
    twice = ". It may have arrived more than once" if any(one.is_repeat for one in attempts) else ""
    return f"{evidence.destination} was {how} at {clock(done.at_ms, evidence.position.now_ms)}, {lag}{tries}{twice}."


def _failure(attempts: list[Attempted]) -> str:
    last = attempts[-1] if attempts else None
    if last is None:
        return "its message was given up"
    return f"its message was given up at {moment(last.at_ms)}: {_said(last.reason) or last.outcome.value}"


def _decided(evidence: Evidence) -> Iterator[Reason]:
    for record in evidence.told.records:
        if isinstance(record, Decided):
            meaning = next((MEANING[why] for why in Why if why == record.why), "no reason is recorded")
            yield Reason(eventfacts.line(record.why, CODE_MAX), _said(record.detail) or meaning, record.at_ms)


def _pending(evidence: Evidence, became: Fate) -> Iterator[Reason]:
    """What the records do not say: what holds up the next attempt, and where a message that was given up is."""
    if became is Fate.WAITING:
        yield from _waits(evidence)
    if became is not Fate.FAILED:
        return
    if any(evidence.event.name in letter.events for letter in evidence.dead):
        yield Reason(
            "dead", "the message is among the dead letters of this destination, and can be sent again from there"
        )
    else:
        yield Reason("dead", "its dead letter was discarded, or is no longer kept")


def _unrecorded(evidence: Evidence, became: Fate) -> Iterator[Reason]:
    cursor = evidence.position.cursor
    match became:
        case Fate.WAITING:
            yield from _waits(evidence)
        case Fate.DROPPED:
            yield Reason(
                "before", f"it happened before this destination began to listen at {moment(cursor.since_ms or 0)}"
            )
        case _:
            yield _forgotten(evidence)


def _forgotten(evidence: Evidence) -> Reason:
    if not fate.has_begun(evidence.position.cursor):
        return Reason("not_begun", "no dispatcher has served this destination yet; it begins with what happens then")
    oldest_ms = evidence.told.oldest_ms
    if oldest_ms is None:
        return Reason("trimmed", "the history of this destination is empty, though it is past this event")
    return Reason("trimmed", f"the history of this destination goes back to {moment(oldest_ms)} only")


def _waits(evidence: Evidence) -> Iterator[Reason]:
    """What keeps it from being sent, what must end first at the beginning."""
    yield from _blocked(evidence)
    position, name = evidence.position, evidence.event.name
    held = position.standing.held.get(name)
    if held:
        yield Reason("held", _said(held))
    if name in position.inflight:
        yield Reason("inflight", "its message is being sent now, or was when a dispatcher died")
    yield from _queue(evidence)
    way = route(evidence.configuration, evidence.destination, evidence.event)
    yield Reason(way.why, f"as the rules are now, {way.detail}")


def _blocked(evidence: Evidence) -> Iterator[Reason]:
    standing, now_ms = evidence.position.standing, evidence.position.now_ms
    if evidence.serving.problem:
        yield Reason("problem", _said(evidence.serving.problem))
    if evidence.serving.is_paused:
        yield Reason("paused", "the destination is paused")
    if standing.breaker is BreakerState.PARKED:
        yield Reason("parked", f"the destination is parked until a person acts: {_said(standing.breaker_reason)}")
    if standing.breaker in (BreakerState.OPEN, BreakerState.HALF_OPEN):
        again = f", tried again at {clock(standing.retry_ms, now_ms)}" if standing.retry_ms else ""
        yield Reason("breaker", f"sending failed again and again{again}: {_said(standing.breaker_reason)}")
    if standing.not_before_ms is not None and standing.not_before_ms > now_ms:
        yield Reason(
            "limit", f"a limit of the service allows the next message at {clock(standing.not_before_ms, now_ms)}"
        )


def _queue(evidence: Evidence) -> Iterator[Reason]:
    event = evidence.event
    mark = evidence.position.cursor.marks.get(event.exchange.name)
    own, seen = eventfacts.number(event, "seq"), mark.seq if mark else None
    ahead = own - seen - 1 if own is not None and seen is not None else 0
    if ahead > 0:
        noun = "event" if ahead == 1 else "events"
        yield Reason("behind", f"{ahead:,} earlier {noun} of {event.exchange.name} come first")
    elif not any(True for _ in _blocked(evidence)) and event.name not in evidence.position.standing.held:
        yield Reason("unread", "the dispatcher has not come to it yet")


def _said(text: str) -> str:
    """Recorded text as one plain line without its full stop, fit for the middle of a sentence."""
    return eventfacts.line(text).rstrip(".")

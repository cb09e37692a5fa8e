"""What becomes of the next event of one exchange: settled by a step, held for a time, or an outage to be told. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perseus.network.log.activity import Event
from perseus.network.states import AT_WORK, OFFLINE, State
from perseus.notify.planning import flapping, incidents
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.routing import Route, concerns, is_about, route
from perseus.notify.planning.settling import Held, Tellable, memory_of, moved, quietly, sent
from perseus.notify.planning.silencing import ENDING, Hush, hush
from perseus.notify.planning.steps import Situation, Step, Verdict
from perseus.notify.texts import eventfacts, outagewording, wording
from perseus.notify.texts.outagewording import Lost
from perseus.notify.texts.spans import SECOND, clock, seconds, span
from perseus.notify.told.why import MEANING, Why

# How far ahead of us the store's clock may be before a time that lies ahead is taken for a jump.
AHEAD_MS = 5_000


def judge(situation: Situation, events: Sequence[Event]) -> Step | Held | Tellable:
    """Of the first of `events`, which are all that is pending of its exchange, oldest first."""
    event = events[0]
    memory = memory_of(situation, event.exchange.name)
    if situation.is_replay:
        return _again(situation, event)
    missing = _missing(event, memory)
    if missing:
        return _gap(situation, event, memory, missing)
    after = moved(situation, event, memory)
    state = eventfacts.to_state(event)
    if is_about(event, situation.destination.id):
        return quietly(event, after, Verdict.DROP, Why.LOOP, MEANING[Why.LOOP])
    if state is None:
        return _plain(situation, event, after)
    if state == OFFLINE:
        return _lost(situation, events, memory, after)
    was_offline = memory.state == OFFLINE if memory.state else wording.is_back(event)
    return _back(situation, event, memory, after) if was_offline else _move(situation, event, memory, after)


def quiet(situation: Situation, event: Event, memory: Memory, *, is_flip: bool) -> tuple[Step | None, Route]:
    """The step that leaves the event unsent because of rules, silence or maintenance, if any; and its route."""
    way = route(situation.configuration, situation.destination.id, event)
    if not way.goes:
        return quietly(event, memory, Verdict.DROP, way.why, way.detail), way
    hushed = hush(situation, event, is_flip=is_flip)
    return (None if hushed is None else _hushed(event, memory, hushed)), way


def _hushed(event: Event, memory: Memory, hushed: Hush) -> Step:
    return quietly(event, memory, Verdict.SUPPRESS, hushed.why, hushed.detail)


def _again(situation: Situation, event: Event) -> Step:
    notification = wording.plain(situation.destination.id, event, is_replay=True)
    step = sent(event, memory_of(situation, event.exchange.name), Why.REPLAY, MEANING[Why.REPLAY], notification)
    return Step(step.decisions, step.cursor, notifications=step.notifications)


def _missing(event: Event, memory: Memory) -> int:
    """How many events were trimmed between the last one and this."""
    number = eventfacts.number(event, "seq")
    return 0 if number is None or memory.seq is None else max(0, number - memory.seq - 1)


def _gap(situation: Situation, event: Event, memory: Memory, missing: int) -> Step:
    exchange = event.exchange
    after = memory.model_copy(update={"seq": memory.seq + missing if memory.seq is not None else None})
    told = (wording.gap(situation.destination.id, exchange, missing, event),)
    is_wanted = concerns(situation.configuration, situation.destination.id, exchange.name)
    return Step(memories={exchange.name: after}, notifications=told if is_wanted else ())


def _plain(situation: Situation, event: Event, after: Memory) -> Step:
    step, way = quiet(situation, event, after, is_flip=False)
    return step or sent(event, after, way.why, way.detail, wording.plain(situation.destination.id, event))


def _flapping(event: Event, after: Memory) -> Step:
    return quietly(event, after, Verdict.SUPPRESS, Why.FLAPPING, MEANING[Why.FLAPPING])


def _flip(situation: Situation, event: Event, after: Memory) -> Memory:
    at_ms = min(eventfacts.at_ms(event), situation.now_ms)
    flips = flapping.noted(after, situation.destination.policy, at_ms)
    return after.model_copy(update={"flips_ms": flips, "flip": eventfacts.seen(event)})


def _flaps(situation: Situation, event: Event, after: Memory) -> Step | None:
    """The one message that the exchange is flapping, when this change makes it so."""
    policy = situation.destination.policy
    if not flapping.begins(after.flips_ms, policy):
        return None
    told = outagewording.flaps(situation.destination.id, event, after.flips_ms, policy)
    now = after.model_copy(update={"is_flapping": True, "incident": None, "hushed": None})
    outage = incidents.ended(after.incident, event) if after.incident and after.state != OFFLINE else None
    edit = incidents.edit(situation, event, outage, {event.exchange.name: now})
    return sent(event, now, Why.FLAPPING_BEGAN, f"flapping: {flapping.said(after.flips_ms)}", told, edit)


def _move(situation: Situation, event: Event, memory: Memory, after: Memory) -> Step:
    """A transition that is neither the begin nor the end of an outage."""
    if memory.is_flapping:
        return _flapping(event, after)
    state, incident = after.state or "", memory.incident
    if memory.hushed and incident is None:
        stays = state in AT_WORK and state != State.ACTIVE
        after = after.model_copy(update={"hushed": memory.hushed if stays else None})
        if state in AT_WORK:
            return _untold(event, after, memory.hushed)
    if incident is None or memory.hushed in ENDING:
        return _plain(situation, event, after)
    after = after.model_copy(update={"incident": incidents.kept(situation, incident, state)})
    hushed = hush(situation, event, is_flip=False)
    edit = incidents.edit(situation, event, incident, {event.exchange.name: after})
    if hushed is not None:  # a change of a message makes no sound, and it must not stay false when the silence ends
        return quietly(event, after, Verdict.SUPPRESS, hushed.why, hushed.detail, edit)
    if edit is not None and state in AT_WORK:
        return quietly(event, after, Verdict.MERGE, Why.EDITED, MEANING[Why.EDITED], edit)
    step = _plain(situation, event, after)
    return Step(step.decisions, step.cursor, step.memories, step.notifications, edit)


def _untold(event: Event, after: Memory, hushed: str) -> Step:
    if hushed == Why.DEBOUNCED:
        detail = "it is the return from an outage that was shorter than the debounce time"
        return quietly(event, after, Verdict.SUPPRESS, Why.DEBOUNCED, detail)
    return quietly(event, after, Verdict.SUPPRESS, Why.UNTOLD, f"{MEANING[Why.UNTOLD]}: {hushed}")


def _back(situation: Situation, event: Event, memory: Memory, after: Memory) -> Step:
    """The end of an outage."""
    after = _flip(situation, event, after)
    if memory.is_flapping:
        return _flapping(event, after)
    if memory.incident is not None:
        return recovered(situation, event, after)
    step, way = quiet(situation, event, after, is_flip=True)
    if memory.hushed:
        ends = after.state not in (State.STARTING, State.WARMING)
        still = after.model_copy(update={"hushed": None if ends else memory.hushed})
        return (None if step else _flaps(situation, event, after)) or _untold(event, still, memory.hushed)
    step = step or _flaps(situation, event, after)
    if step is not None:
        return step
    if not situation.destination.policy.tell_recovery:
        return quietly(event, after, Verdict.SUPPRESS, Why.QUIET_RECOVERY, MEANING[Why.QUIET_RECOVERY])
    return sent(event, after, way.why, way.detail, wording.plain(situation.destination.id, event))


def recovered(situation: Situation, event: Event, after: Memory) -> Step:
    """The end of an outage that was told: its message is changed, and another tells it, if that is wanted."""
    exchange, incident = event.exchange.name, after.incident
    assert incident is not None
    outage = incidents.ended(incident, event)
    hushed = hush(situation, event, is_flip=True)
    if hushed is not None:
        kept = after.model_copy(update={"incident": outage, "hushed": hushed.why})
        return _hushed(event, kept, hushed)
    flaps = _flaps(situation, event, after)
    if flaps is not None:
        return flaps
    remains = incidents.kept(situation, outage, after.state or "")
    after = after.model_copy(update={"incident": remains, "hushed": None})
    edit = incidents.edit(situation, event, outage, {exchange: after})
    if situation.destination.policy.tell_recovery:
        down_ms = eventfacts.back_ms(event, incident.since_ms)
        told = wording.recovery(situation.destination.id, event, incident, down_ms)
        return sent(event, after, Why.INCIDENT, MEANING[Why.INCIDENT], told, edit)
    if edit is not None:
        return quietly(event, after, Verdict.MERGE, Why.EDITED, MEANING[Why.EDITED], edit)
    return quietly(event, after, Verdict.SUPPRESS, Why.QUIET_RECOVERY, MEANING[Why.QUIET_RECOVERY])


def _lost(situation: Situation, events: Sequence[Event], memory: Memory, after: Memory) -> Step | Held | Tellable:
    """The begin of an outage, or one more death in it."""
    event = events[0]
    is_again = memory.state == OFFLINE
    if is_again:
        after = after.model_copy(update={"state_ms": memory.state_ms, "flip": eventfacts.seen(event)})
    else:
        after = _flip(situation, event, after)
    if memory.is_flapping:
        return _flapping(event, after)
    if is_again and memory.incident is not None:
        return quietly(event, after, Verdict.MERGE, Why.SAME_OUTAGE, MEANING[Why.SAME_OUTAGE])
    step, _ = quiet(situation, event, after, is_flip=True)
    if step is not None:
        return _kept_back(situation, event, memory, after, step)
    after = after.model_copy(update={"incident": None, "hushed": None})
    waiting = _debounce(situation, events, after)
    if waiting is not None:
        return waiting
    began_ms = after.state_ms if is_again and after.state_ms is not None else eventfacts.since_ms(event)
    flaps = None if is_again else _flaps(situation, event, after)
    return flaps or Tellable(Lost(event, min(began_ms, situation.now_ms)), after)


def _kept_back(situation: Situation, event: Event, memory: Memory, after: Memory, step: Step) -> Step:
    """An outage that is not told: remembered, so that it can be told when what hides it has ended."""
    decision = step.decisions[0]
    incident, hushed = memory.incident, None
    if decision.why not in ENDING or incident is None or memory.hushed is None:
        incident, hushed = None, decision.why if decision.why in ENDING else None
    else:
        # Told as offline, back unheard, and offline again: the destination knows how it is.
        due_ms = incidents.next_reminder_ms(situation.destination.policy, incident.since_ms, situation.now_ms)
        incident = incident.model_copy(update={"ended_ms": None, "next_reminder_ms": due_ms})
    kept = after.model_copy(update={"incident": incident, "hushed": hushed})
    return Step(step.decisions, step.cursor, {event.exchange.name: kept})


def _debounce(situation: Situation, events: Sequence[Event], after: Memory) -> Step | Held | None:
    """Keep an outage back while it may be a short one; settle it when it was."""
    policy, now_ms = situation.destination.policy, situation.now_ms
    wait_ms = round(policy.debounce_seconds * SECOND)
    if wait_ms <= 0:
        return None
    event, began_ms = events[0], eventfacts.since_ms(events[0])
    back = next((one for one in events[1:] if (eventfacts.to_state(one) or OFFLINE) != OFFLINE), None)
    said = seconds(policy.debounce_seconds)
    if back is not None:
        down_ms = eventfacts.back_ms(back, began_ms) or 0
        if down_ms >= wait_ms:
            return None
        short = after.model_copy(update={"hushed": Why.DEBOUNCED})
        detail = f"offline for {span(down_ms)} only, debounce is {said}"
        return quietly(event, short, Verdict.SUPPRESS, Why.DEBOUNCED, detail)
    until_ms = began_ms + wait_ms
    if until_ms <= now_ms or began_ms - now_ms > AHEAD_MS:
        return None
    return Held(until_ms, f"debounce is {said}: told at {clock(until_ms, now_ms)} unless it is back before")

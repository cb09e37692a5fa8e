"""What time alone brings, without an event: reminders, calm, and the end of a silence or maintenance. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from perseus.network.log.activity import Event
from perseus.network.states import OFFLINE
from perseus.notify.planning import flapping, grouping, incidents
from perseus.notify.planning.memory import Incident, Memory
from perseus.notify.planning.routing import route
from perseus.notify.planning.settling import Tellable
from perseus.notify.planning.silencing import ENDING, hush_now
from perseus.notify.planning.steps import Situation, Step
from perseus.notify.texts import eventfacts, outagewording, wording
from perseus.notify.texts.outagewording import Lost
from perseus.notify.told.why import Why


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is to be told at a time (Unix ms), if nothing comes before. `make` gives its step."""

    at_ms: int
    make: Callable[[], Step]


def dues(situation: Situation) -> Iterator[Due]:
    """Everything that is going to be due, in no order. None of it in a replay, which is about the past."""
    if situation.is_replay:
        return
    for name, memory in situation.memories.items():
        if not (memory.is_flapping or memory.incident or memory.hushed):
            continue
        event = eventfacts.recall(name, memory.flip)
        if event is not None:
            yield from _of(situation, event, memory)


def _of(situation: Situation, event: Event, memory: Memory) -> Iterator[Due]:
    if memory.is_flapping:
        calm_ms = max(flapping.calm_ms(memory, situation.destination.policy), _free_ms(situation, event))
        yield Due(calm_ms, partial(_calm, situation, event, memory))
    elif situation.pending.get(event.exchange.name):
        # What is pending may end the outage: nobody is reminded of it before that is known.
        return
    elif memory.hushed in ENDING and _is_untold(memory):
        yield from _end_of_hush(situation, event, memory)
    elif memory.incident and memory.incident.next_reminder_ms and _may_remind(situation, event, memory):
        at_ms = max(memory.incident.next_reminder_ms, _free_ms(situation, event))
        yield Due(at_ms, partial(_remind, situation, memory.incident))


def _free_ms(situation: Situation, event: Event) -> int:
    """When no silence or maintenance covers it any more; 0 for now."""
    hushed = hush_now(situation, event)
    return hushed.until_ms if hushed else 0


def _is_untold(memory: Memory) -> bool:
    """Is the exchange not as this destination was told?"""
    return (memory.state == OFFLINE) == (memory.incident is None)


def _may_remind(situation: Situation, event: Event, memory: Memory) -> bool:
    incident = memory.incident
    is_on = incident is not None and incident.ended_ms is None
    if not is_on or memory.state != OFFLINE or not situation.destination.policy.reminders:
        return False
    return route(situation.configuration, situation.destination.id, event).goes


def _end_of_hush(situation: Situation, event: Event, memory: Memory) -> Iterator[Due]:
    at_ms = _free_ms(situation, event) or situation.now_ms
    if memory.incident is not None:
        yield Due(at_ms, partial(_back, situation, event, memory))
    elif route(situation.configuration, situation.destination.id, event).goes:
        yield Due(at_ms, partial(_still, situation, Why(memory.hushed or Why.SILENCE)))


def _calm(situation: Situation, event: Event, memory: Memory) -> Step:
    name, now_ms = event.exchange.name, situation.now_ms
    since_ms = memory.state_ms if memory.state_ms is not None else eventfacts.since_ms(event)
    after = memory.model_copy(update={"is_flapping": False, "flips_ms": (), "hushed": None})
    told = outagewording.calm(situation.destination.id, event, memory, since_ms, now_ms)
    if memory.state != OFFLINE:
        return Step(memories={name: after}, notifications=(told,))
    incident = incidents.opened(situation, Lost(event, since_ms), event.name, (), since_ms)
    after = after.model_copy(
        update={"incident": incident.model_copy(update={"title": told.title}), "offline_told_ms": now_ms}
    )
    refs = (name,) if situation.can_update else ()
    return Step(memories={name: after}, notifications=(told,), remembers_ref=refs)


def _still(situation: Situation, ended: Why) -> Step:
    """Outages that go on behind what hid them, all that may be told now."""
    members = []
    for name, memory in situation.memories.items():
        event = eventfacts.recall(name, memory.flip)
        if event is not None and not situation.pending.get(name) and _is_still(situation, event, memory):
            since_ms = memory.state_ms if memory.state_ms is not None else eventfacts.since_ms(event)
            members.append(Tellable(Lost(event, since_ms), memory))
    members.sort(key=lambda member: eventfacts.order(member.lost.event))
    is_single = situation.destination.policy.group_seconds <= 0
    return grouping.told(situation, members[:1] if is_single else members, ended)


def _is_still(situation: Situation, event: Event, memory: Memory) -> bool:
    is_hidden = memory.hushed in ENDING and memory.incident is None and memory.state == OFFLINE
    if not is_hidden or memory.is_flapping or hush_now(situation, event) is not None:
        return False
    return route(situation.configuration, situation.destination.id, event).goes


def _back(situation: Situation, event: Event, memory: Memory) -> Step:
    """It was told as offline and came back unheard."""
    incident = memory.incident
    assert incident is not None
    after = memory.model_copy(
        update={"hushed": None, "incident": incidents.kept(situation, incident, memory.state or "")}
    )
    exchange = event.exchange.name
    edit = incidents.edit(situation, event, incident, {exchange: after})
    told = wording.recovery(situation.destination.id, event, incident, eventfacts.back_ms(event, incident.since_ms))
    is_told = situation.destination.policy.tell_recovery
    return Step(memories={exchange: after}, notifications=(told,) if is_told else (), edit=edit)


def _remind(situation: Situation, incident: Incident) -> Step:
    """The reminder of an outage, with all of its group that are due."""
    due = list(_due_with(situation, incident))
    number = max(one.reminders for _, _, one in due) + 1
    began_ms = min(one.since_ms for _, _, one in due)
    next_ms = incidents.next_reminder_ms(situation.destination.policy, began_ms, situation.now_ms)
    change = {"reminders": number, "next_reminder_ms": next_ms}
    told = [(Lost(event, one.since_ms), one) for event, _, one in due]
    return Step(
        memories={
            event.exchange.name: memory.model_copy(update={"incident": one.model_copy(update=change)})
            for event, memory, one in due
        },
        notifications=(outagewording.reminder(situation.destination.id, told, number, situation.now_ms),),
    )


def _due_with(situation: Situation, incident: Incident) -> Iterator[tuple[Event, Memory, Incident]]:
    for name, memory in situation.memories.items():
        one, event = memory.incident, eventfacts.recall(name, memory.flip)
        if one is None or one.id != incident.id or event is None or situation.pending.get(name):
            continue
        is_due = one.next_reminder_ms is not None and one.next_reminder_ms <= situation.now_ms
        if is_due and _may_remind(situation, event, memory) and hush_now(situation, event) is None:
            yield event, memory, one

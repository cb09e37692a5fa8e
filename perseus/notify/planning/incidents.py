"""An outage that was told: how it opens, when it is reminded of, and how its message is kept up to date. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from perseus.network.log.activity import Event
from perseus.network.states import State
from perseus.notify.configuration import Policy
from perseus.notify.planning.memory import Incident, Memory
from perseus.notify.planning.steps import Edit, Situation
from perseus.notify.texts import eventfacts, outagewording
from perseus.notify.texts.outagewording import Lost
from perseus.notify.texts.spans import SECOND


def opened(situation: Situation, lost: Lost, incident: str, group: tuple[str, ...], began_ms: int) -> Incident:
    """The incident of one exchange. `incident`: its id, shared by a `group`; `began_ms`: what reminders count from."""
    return Incident(
        id=incident,
        since_ms=lost.since_ms,
        event=lost.event.name,
        group=group,
        hostname=eventfacts.field(lost.event, "hostname"),
        admin=eventfacts.field(lost.event, "adminEmail"),
        next_reminder_ms=next_reminder_ms(situation.destination.policy, began_ms, situation.now_ms),
    )


def next_reminder_ms(policy: Policy, since_ms: int, now_ms: int) -> int | None:
    """When it is told again, later than now: after each of `reminders`, then each time the last has passed again."""
    waits = sorted(round(one * SECOND) for one in policy.reminders if one >= 1)
    if not waits:
        return None
    passed = max(0, now_ms - since_ms)
    last = waits[-1]
    wait = next((one for one in waits if one > passed), (passed // last + 1) * last)
    return since_ms + wait


def ended(incident: Incident, event: Event) -> Incident:
    """The same after its exchange is back: no more reminders."""
    down_ms = eventfacts.back_ms(event, incident.since_ms) or 0
    return incident.model_copy(update={"ended_ms": incident.since_ms + down_ms, "next_reminder_ms": None})


def is_living(situation: Situation, incident: Incident | None) -> bool:
    """Can its message be changed?"""
    return situation.can_update and incident is not None and bool(incident.ref)


def kept(situation: Situation, incident: Incident | None, state: str) -> Incident | None:
    """What remains of an outage that has ended: until the exchange is active, if its message can be changed."""
    return incident if is_living(situation, incident) and state in (State.STARTING, State.WARMING) else None


def edit(situation: Situation, event: Event, incident: Incident | None, changed: Mapping[str, Memory]) -> Edit | None:
    """The message of the outage, saying how things are after `event`; `changed`: memories as they are then."""
    if incident is None or not incident.ref or not situation.can_update:
        return None
    destination = situation.destination.id
    if len(incident.group) < 2:
        return Edit(incident.ref, outagewording.now_is(destination, event, incident))
    memories = {**situation.memories, **changed}
    states = []
    for name in incident.group:
        memory = memories.get(name, Memory())
        known = event if name == event.exchange.name else eventfacts.recall(name, memory.flip)
        if known is not None:
            states.append((known.exchange, memory.state or "unknown"))
    return Edit(incident.ref, outagewording.group_now(destination, event, incident, states))

"""What a destination does next: from everything that lies before it to one step, or a rest until a time. Pure.

`plan` is total: no event, however odd, makes it raise; what it cannot make sense of is told plainly. The order of one
exchange is never broken; across exchanges the earlier event comes first, unless it is held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from perseus.network.log.activity import Event
from perseus.notify.planning import due, grouping
from perseus.notify.planning.judging import judge
from perseus.notify.planning.settling import Held, Tellable
from perseus.notify.planning.steps import Decision, Rest, Situation, Step, Verdict
from perseus.notify.texts import eventfacts
from perseus.notify.texts.templates import rendered
from perseus.notify.told.why import Why

QUIET_MAX = 200
HELD_MAX = 100
PAUSED = "the destination is paused"
BEHIND = "it waits for the events before it"


def plan(situation: Situation) -> Step | Rest:
    """The next step: one message, or a run of events settled without one. Rest, until later than now, for none."""
    if situation.destination.is_paused:
        return Rest(None, _held(situation, dict.fromkeys(situation.pending, Held(0, PAUSED))))
    step = _next(situation)
    if isinstance(step, Rest):
        return step
    if _is_quiet(step):
        return _run(situation, step)
    return _rendered(situation, _batch(situation, step) if _may_batch(situation) else step)


def _next(situation: Situation) -> Step | Rest:
    held: dict[str, Held] = {}
    step, at_ms = _of_events(situation, held)
    coming = min(due.dues(situation), key=lambda one: one.at_ms, default=None)
    if coming is not None and coming.at_ms <= situation.now_ms and (step is None or coming.at_ms < at_ms):
        return coming.make()
    if step is not None:
        return step
    times = [one.until_ms for one in held.values()] + ([coming.at_ms] if coming else [])
    return Rest(min(times, default=None), _held(situation, held))


def _of_events(situation: Situation, held: dict[str, Held]) -> tuple[Step | None, int]:
    """The step of the earliest event that need not wait, and when that happened; `held` is filled with the others."""
    heads = [(eventfacts.order(events[0]), name) for name, events in situation.pending.items() if events]
    heads.sort()
    for place, (order, name) in enumerate(heads):
        found = judge(situation, situation.pending[name])
        if isinstance(found, Tellable):
            found = grouping.held_back(situation) or _told(situation, found, [name for _, name in heads[place + 1 :]])
        elif isinstance(found, Step) and _is_recovery(found):
            found = _recovered(situation, found, name, [name for _, name in heads[place + 1 :]])
        if isinstance(found, Step):
            return found, order[0]
        held[name] = found
    return None, 0


def _told(situation: Situation, first: Tellable, others: Sequence[str]) -> Step:
    """That outage, with all that may be told at this moment."""
    members = [first]
    for name in others if situation.destination.policy.group_seconds > 0 else ():
        if eventfacts.goes_offline(situation.pending[name][0]):
            found = judge(situation, situation.pending[name])
            members += [found] if isinstance(found, Tellable) else []
    return grouping.told(situation, members)


def _recovered(situation: Situation, first: Step, name: str, others: Sequence[str]) -> Step:
    """That recovery, with those of its group that are pending as well."""
    back = [(situation.pending[name][0], first)]
    incident = _incident(situation, name)
    for other in others if situation.destination.policy.group_seconds > 0 else ():
        if incident is not None and _incident(situation, other) == incident:
            found = judge(situation, situation.pending[other])
            if isinstance(found, Step) and _is_recovery(found):
                back.append((situation.pending[other][0], found))
    return grouping.recovered(situation, back)


def _incident(situation: Situation, name: str) -> str | None:
    memory = situation.memories.get(name)
    return memory.incident.id if memory is not None and memory.incident is not None else None


def _is_recovery(step: Step) -> bool:
    return bool(step.notifications) and [one.why for one in step.decisions] == [Why.INCIDENT]


def _is_quiet(step: Step) -> bool:
    return not step.notifications and step.edit is None


def _may_batch(situation: Situation) -> bool:
    return situation.is_behind_limit and situation.destination.policy.batch and situation.max_batch > 1


def _run(situation: Situation, step: Step) -> Step:
    """With all that follows and needs no message either."""
    latest = step
    while len(step.decisions) < QUIET_MAX:
        situation = _after(situation, latest)
        following = _next(situation)
        if isinstance(following, Rest) or not _is_quiet(following):
            break
        latest = following
        step = _joined(step, following)
    return step


def _batch(situation: Situation, step: Step) -> Step:
    """With what queued behind the limit, up to what one message holds. Edits are not merged."""
    latest = step
    while step.edit is None and len(step.decisions) < QUIET_MAX:
        situation = _after(situation, latest)
        following = _next(situation)
        if isinstance(following, Rest) or following.edit is not None:
            break
        if len(step.notifications) + len(following.notifications) > situation.max_batch:
            break
        latest = following
        step = _joined(step, following)
    return step


def _joined(first: Step, second: Step) -> Step:
    """Both as one. A message that tells several things is not kept up to date."""
    notifications = first.notifications + second.notifications
    return Step(
        first.decisions + tuple(_batched(one) if first.notifications else one for one in second.decisions),
        {**first.cursor, **second.cursor},
        {**first.memories, **second.memories},
        notifications,
        remembers_ref=first.remembers_ref + second.remembers_ref if len(notifications) < 2 else (),
    )


def _batched(decision: Decision) -> Decision:
    if decision.verdict is not Verdict.SEND:
        return decision
    return replace(
        decision, verdict=Verdict.MERGE, why=Why.BATCHED, detail=f"{decision.detail}; it queued behind a limit"
    )


def _after(situation: Situation, step: Step) -> Situation:
    """What lies before the destination once the step is carried out."""
    pending = dict(situation.pending)
    for name, event in step.cursor.items():
        pending[name] = _behind(pending.get(name, ()), event)
    return replace(situation, pending=pending, memories={**situation.memories, **step.memories})


def _behind(events: Sequence[Event], settled: Event) -> Sequence[Event]:
    place = next(place for place, event in enumerate(events) if event is settled)
    return events[place + 1 :]


def _held(situation: Situation, held: Mapping[str, Held]) -> dict[str, str]:
    """Why events wait, by event name."""
    found: dict[str, str] = {}
    for name, one in held.items():
        for place, event in enumerate(situation.pending[name]):
            if len(found) >= HELD_MAX:
                return found
            found[event.name] = BEHIND if place and one.why != PAUSED else one.why
    return found


def _rendered(situation: Situation, step: Step) -> Step:
    """With the texts of the destination's own templates."""
    policy = situation.destination.policy
    if policy.title_template is None and policy.text_template is None:
        return step
    edit = step.edit and replace(step.edit, notification=rendered(step.edit.notification, policy))
    return replace(step, notifications=tuple(rendered(one, policy) for one in step.notifications), edit=edit)

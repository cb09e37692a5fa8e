"""Outages and recoveries of several exchanges told in one message. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.states import AT_WORK, OFFLINE
from perseus.notify.notification import Notification
from perseus.notify.planning import incidents
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.routing import route
from perseus.notify.planning.settling import Held, Tellable, memory_of
from perseus.notify.planning.steps import Decision, Edit, Situation, Step, Verdict
from perseus.notify.texts import eventfacts, outagewording
from perseus.notify.texts.outagewording import Lost
from perseus.notify.texts.spans import SECOND, clock
from perseus.notify.told.why import Why

DEGRADED_MIN = 3


def held_back(situation: Situation) -> Held | None:
    """Why an outage waits for others: one was told less than `group_seconds` ago."""
    group_ms, now_ms = round(situation.destination.policy.group_seconds * SECOND), situation.now_ms
    told = [memory.offline_told_ms for memory in situation.memories.values() if memory.offline_told_ms is not None]
    until_ms = max((ms + group_ms for ms in told if 0 <= now_ms - ms < group_ms), default=now_ms)
    if until_ms <= now_ms:
        return None
    return Held(until_ms, f"others went offline just before: told together at {clock(until_ms, now_ms)}")


def told(situation: Situation, members: Sequence[Tellable], ended: Why | None = None) -> Step:
    """The message about these outages, and the incidents that it opens. `ended`: what kept them back until now.

    Decisions and cursor are left out for `ended`: those events are settled.
    """
    lost = [member.lost for member in members]
    all_lost, known = _degraded(situation, lost)
    is_group = len(lost) > 1 or known is not None
    destination = situation.destination.id
    if is_group:
        notification = outagewording.group(destination, lost, all_lost, known, ended)
    else:
        notification = outagewording.offline(destination, lost[0], ended, situation.now_ms)
    names = tuple(one.exchange.name for one in lost)
    memories = _opened(situation, members, notification)
    return Step(
        () if ended else _decisions(situation, lost, is_group),
        {} if ended else {one.exchange.name: one.event for one in lost},
        memories,
        (notification,),
        remembers_ref=names if situation.can_update else (),
    )


def recovered(situation: Situation, back: Sequence[tuple[Event, Step]]) -> Step:
    """The recoveries of one group in one message, out of the step of each."""
    if len(back) == 1:
        return back[0][1]
    decisions: list[Decision] = []
    cursor: dict[str, Event] = {}
    memories: dict[str, Memory] = {}
    told = []
    for event, step in back:
        incident = memory_of(situation, event.exchange.name).incident
        assert incident is not None
        told.append((event, incident, eventfacts.back_ms(event, incident.since_ms)))
        decisions += step.decisions if not decisions else [_merged(one, "back") for one in step.decisions]
        cursor |= step.cursor
        memories |= step.memories
    edit: Edit | None = incidents.edit(situation, back[-1][0], told[-1][1], memories)
    notification = outagewording.recoveries(situation.destination.id, told)
    return Step(tuple(decisions), cursor, memories, (notification,), edit)


def _merged(decision: Decision, what: str) -> Decision:
    return Decision(decision.event, Verdict.MERGE, Why.GROUPED, f"several exchanges are {what}: told in one message")


def _decisions(situation: Situation, lost: Sequence[Lost], is_group: bool) -> tuple[Decision, ...]:
    way = route(situation.configuration, situation.destination.id, lost[0].event)
    first = Decision(lost[0].event.name, Verdict.SEND, Why.GROUPED if is_group else way.why, way.detail)
    return (first, *(_merged(Decision(one.event.name, Verdict.MERGE, "", ""), "offline") for one in lost[1:]))


def _opened(situation: Situation, members: Sequence[Tellable], notification: Notification) -> dict[str, Memory]:
    names = tuple(member.lost.exchange.name for member in members)
    began_ms = min(member.lost.since_ms for member in members)
    incident = notification.incident or members[0].lost.event.name
    opened = {}
    for member in members:
        new = incidents.opened(situation, member.lost, incident, names if len(names) > 1 else (), began_ms)
        update = {"incident": new.model_copy(update={"title": notification.title}), "offline_told_ms": situation.now_ms}
        opened[member.lost.exchange.name] = member.memory.model_copy(update={**update, "hushed": None})
    return opened


def _degraded(situation: Situation, lost: Sequence[Lost]) -> tuple[list[Exchange], int | None]:
    """All exchanges that went offline about now, and of how many that were online, when they are most of those."""
    now = {one.exchange.name for one in lost}
    before = [exchange for name, exchange in _told_before(situation) if name not in now]
    online = [name for name, one in situation.memories.items() if one.state in AT_WORK and name not in now]
    all_lost = [*before, *(one.exchange for one in lost)]
    known = len(all_lost) + len(online)
    is_degraded = (
        situation.destination.policy.group_seconds > 0 and len(all_lost) >= DEGRADED_MIN and 2 * len(all_lost) > known
    )
    return all_lost, known if is_degraded else None


def _told_before(situation: Situation) -> list[tuple[str, Exchange]]:
    """Exchanges that are offline and were told so within the last two windows."""
    recent_ms = 2 * situation.destination.policy.group_seconds * SECOND
    found = []
    for name, memory in situation.memories.items():
        told_ms, event = memory.offline_told_ms, eventfacts.recall(name, memory.flip)
        is_recent = told_ms is not None and 0 <= situation.now_ms - told_ms <= recent_ms
        if is_recent and memory.incident and memory.state == OFFLINE and event is not None:
            found.append((name, event.exchange))
    return found

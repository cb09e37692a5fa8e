"""What is told of outages as a whole: groups, reminders, flapping and calm, and the living message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.states import OFFLINE
from perseus.notify.configuration import Policy
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.planning import flapping
from perseus.notify.planning.memory import Incident, Memory
from perseus.notify.texts import eventfacts
from perseus.notify.texts.spans import moment, span
from perseus.notify.texts.wording import facts_of, identity, name, names, plain, recovery
from perseus.notify.told.why import Why

LINES_MAX = 30
ENDED = {Why.SILENCE: "silence ended", Why.MAINTENANCE: "maintenance ended"}


@dataclass(frozen=True, slots=True)
class Lost:
    """One exchange of an outage: the event that told it, and since when (Unix ms)."""

    event: Event
    since_ms: int

    @property
    def exchange(self) -> Exchange:
        """The exchange."""
        return self.event.exchange


def offline(destination: str, lost: Lost, ended: Why | None, now_ms: int) -> Notification:
    """One exchange went offline. `ended`: the silence or maintenance that kept this back until now."""
    made = replace(plain(destination, lost.event), incident=lost.event.name)
    if ended is None:
        return made
    return replace(
        made,
        id=identity(destination, "still", lost.event.name, ended),
        title=f"{name(lost.exchange)} is still offline, {ENDED[ended]}",
        text=f"Offline for {span(now_ms - lost.since_ms)}, since {moment(lost.since_ms)}.",
        facts=(("Offline for", span(now_ms - lost.since_ms)), *made.facts),
    )


def group(
    destination: str, lost: Sequence[Lost], all_lost: Sequence[Exchange], known: int | None, ended: Why | None
) -> Notification:
    """Several went offline together. `all_lost`: those told just before as well. `known`: how many were online, when
    so many of them are lost that the network counts as degraded."""
    if known is not None:
        title = f"Network degraded: {len(all_lost)} of {known} exchanges offline"
    else:
        still = f"are still offline, {ENDED[ended]}" if ended else "are offline"
        title = f"{len(lost)} exchanges {still}: {names([one.exchange for one in lost], 5)}"
    before = [one for one in all_lost if one.name not in {member.exchange.name for member in lost}]
    lines = [f"{name(one.exchange)}: offline since {moment(one.since_ms)}" for one in lost]
    lines += [f"{name(exchange)}: offline, told before" for exchange in before]
    return Notification(
        id=identity(destination, Kind.GROUP, *(one.event.name for one in lost)),
        kind=Kind.GROUP,
        severity=max((eventfacts.severity(one.event) for one in lost), key=list(Severity).index),
        title=title,
        text=_lines(lines),
        at_ms=min(eventfacts.at_ms(one.event) for one in lost),
        events=tuple(one.event for one in lost),
        to_state=OFFLINE,
        incident=lost[0].event.name,
        facts=(("Exchanges", names([one.exchange for one in lost])),),
    )


def recoveries(destination: str, back: Sequence[tuple[Event, Incident, int | None]]) -> Notification:
    """Several of one group are back. Each with its outage and its length in ms."""
    lines = []
    for event, incident, down_ms in back:
        single = recovery(destination, event, incident, down_ms)
        lines.append(f"{single.title}. {single.text}")
    exchanges = [event.exchange for event, _, _ in back]
    return Notification(
        id=identity(destination, Kind.RECOVERY, *(event.name for event, _, _ in back)),
        kind=Kind.RECOVERY,
        severity=Severity.INFO,
        title=f"{len(back)} exchanges are back online: {names(exchanges, 5)}",
        text=_lines(lines),
        at_ms=max(eventfacts.at_ms(event) for event, _, _ in back),
        events=tuple(event for event, _, _ in back),
        from_state=OFFLINE,
        incident=back[0][1].id,
        facts=(("Exchanges", names(exchanges)),),
    )


def reminder(destination: str, lost: Sequence[tuple[Lost, Incident]], number: int, now_ms: int) -> Notification:
    """Still offline: of one exchange, or of those that went together."""
    first, incident = lost[0]
    longest = max(now_ms - one.since_ms for one, _ in lost)
    who = f"{name(first.exchange)}:" if len(lost) == 1 else f"{len(lost)} exchanges"
    lines = [f"{name(one.exchange)}: offline since {moment(one.since_ms)}" for one, _ in lost]
    return Notification(
        id=identity(destination, Kind.REMINDER, *(one.event.name for one, _ in lost), number),
        kind=Kind.REMINDER,
        severity=Severity.CRITICAL,
        title=f"{who} still offline for {span(longest)}, reminder {number}",
        text=_lines(lines),
        at_ms=now_ms,
        events=tuple(one.event for one, _ in lost),
        exchange=first.exchange if len(lost) == 1 else None,
        to_state=OFFLINE,
        incident=incident.id,
        facts=(
            ("Offline for", span(longest)),
            ("Reminder", str(number)),
            *(facts_of(first.event) if not lost[1:] else ()),
        ),
    )


def flaps(destination: str, event: Event, flips_ms: tuple[int, ...], policy: Policy) -> Notification:
    """It changes between offline and online too often to tell each."""
    state = eventfacts.to_state(event) or "unknown"
    return Notification(
        id=identity(destination, Kind.FLAPPING, event.name),
        kind=Kind.FLAPPING,
        severity=Severity.CRITICAL,
        title=f"{name(event.exchange)} is flapping: {flapping.said(flips_ms)}",
        text=f"Now {state}. More changes are recorded but not sent {flapping.waits(policy)}; its state is told then.",
        at_ms=eventfacts.at_ms(event),
        events=(event,),
        exchange=event.exchange,
        from_state=eventfacts.field(event, "fromState") or None,
        to_state=eventfacts.to_state(event),
        facts=(("Changes", str(len(flips_ms))), *facts_of(event)),
    )


def calm(destination: str, event: Event, memory: Memory, since_ms: int, now_ms: int) -> Notification:
    """Flapping is over. `event`: the last change; `since_ms`: when an outage that goes on began."""
    is_offline = memory.state == OFFLINE
    state = eventfacts.line(memory.state or "unknown", 100)
    lasting = f"Offline for {span(now_ms - since_ms)}, since {moment(since_ms)}." if is_offline else f"It is {state}."
    return Notification(
        id=identity(destination, Kind.CALM, event.name),
        kind=Kind.CALM,
        severity=Severity.CRITICAL if is_offline else Severity.INFO,
        title=f"{name(event.exchange)} no longer flaps: it is {state}",
        text=lasting,
        at_ms=now_ms,
        events=(event,),
        exchange=event.exchange,
        to_state=memory.state,
        incident=event.name if is_offline else None,
        facts=facts_of(event),
    )


def now_is(destination: str, event: Event, incident: Incident) -> Notification:
    """The living message of one outage, after the exchange is back: how long it was, and how far it has come."""
    down_ms = None if incident.ended_ms is None else max(0, incident.ended_ms - incident.since_ms)
    made = recovery(destination, event, incident, down_ms)
    facts = (("Was offline from", moment(incident.since_ms)), *made.facts)
    return replace(made, id=identity(destination, "living", incident.id, event.name), facts=facts)


def group_now(
    destination: str, event: Event, incident: Incident, states: Sequence[tuple[Exchange, str]]
) -> Notification:
    """The living message of a group: `states` of all its exchanges as they are now."""
    away = [exchange for exchange, state in states if state == OFFLINE]
    back = len(states) - len(away)
    return Notification(
        id=identity(destination, "living", incident.id, event.name),
        kind=Kind.GROUP if away else Kind.RECOVERY,
        severity=Severity.CRITICAL if away else Severity.INFO,
        title=f"{back} of {len(states)} exchanges are back online" if away else f"All {back} exchanges are back online",
        text=_lines([f"{name(exchange)}: {eventfacts.line(state, 100)}" for exchange, state in states]),
        at_ms=eventfacts.at_ms(event),
        events=(event,),
        to_state=OFFLINE if away else None,
        incident=incident.id,
        facts=(("Since", moment(incident.since_ms)),),
    )


def _lines(lines: Sequence[str]) -> str:
    over = len(lines) - LINES_MAX
    shown = [*lines[:LINES_MAX], f"and {over} more"] if over > 0 else lines
    return "\n".join(shown)

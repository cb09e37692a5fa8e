"""What single events say: title, text, facts. Short sentences, display names, UTC. Pure, and never raises for junk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from perseus.network.exchange import Exchange
from perseus.network.log.activity import ERROR, Event
from perseus.network.states import OFFLINE
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.planning.memory import Incident
from perseus.notify.texts import eventfacts
from perseus.notify.texts.spans import moment, span

Facts = tuple[tuple[str, str], ...]
UNKNOWN_SHOWN = 12


def identity(destination: str, kind: str, *parts: object) -> str:
    """The id of a message: the same whenever the same is told to the same destination."""
    told = "\n".join([destination, kind, *map(str, parts)])
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:24]


def name(exchange: Exchange) -> str:
    """An exchange as people call it."""
    return eventfacts.line(exchange.display_name, 80) or exchange.name


def names(exchanges: Sequence[Exchange], limit: int = 20) -> str:
    """`Kraken, Coinbase and 3 more`."""
    shown = [name(exchange) for exchange in exchanges[:limit]]
    over = len(exchanges) - limit
    return f"{', '.join(shown)} and {over} more" if over > 0 else ", ".join(shown)


def facts_of(event: Event) -> Facts:
    """Who and where, as far as the event says it."""
    shown = (("Host", "hostname"), ("Admin", "adminEmail"))
    return tuple((label, eventfacts.field(event, key)) for label, key in shown if eventfacts.field(event, key))


def plain(destination: str, event: Event, *, is_replay: bool = False) -> Notification:
    """Any event, told by itself."""
    made = _made(destination, event)
    if not is_replay:
        return made
    facts = (*made.facts, ("Sent again", f"happened at {moment(made.at_ms)}"))
    return replace(made, id=identity(destination, "replay", event.name), facts=facts, is_replay=True)


def recovery(destination: str, event: Event, incident: Incident | None, down_ms: int | None) -> Notification:
    """Back online. `incident`: the outage as it was told, None where it was not; `down_ms`: how long it lasted."""
    after = "" if down_ms is None else f" after {span(down_ms)}"
    host, admin = eventfacts.field(event, "hostname"), eventfacts.field(event, "adminEmail")
    before_host = incident.hostname if incident else ""
    before_admin = incident.admin if incident else ""
    sentences = [f"It is {eventfacts.to_state(event) or 'online'}{f' on {host}' if host else ''}."]
    if host and before_host and host != before_host:
        sentences.append(f"The host changed: it was {before_host}.")
    if admin and before_admin and admin != before_admin:
        sentences.append(f"The admin is now {admin}; it was {before_admin}.")
    down: Facts = () if down_ms is None else (("Downtime", span(down_ms)),)
    return Notification(
        id=identity(destination, Kind.RECOVERY, event.name),
        kind=Kind.RECOVERY,
        severity=Severity.INFO,
        title=f"{name(event.exchange)} is back online{after}",
        text=" ".join(sentences),
        at_ms=eventfacts.at_ms(event),
        events=(event,),
        exchange=event.exchange,
        from_state=OFFLINE,
        to_state=eventfacts.to_state(event),
        incident=incident.id if incident else None,
        facts=down + facts_of(event),
    )


def gap(destination: str, exchange: Exchange, missing: int, before: Event) -> Notification:
    """`missing` events were trimmed from a log before they could be delivered; `before`: the first that is left."""
    counted = "1 event" if missing == 1 else f"{missing:,} events"
    return Notification(
        id=identity(destination, Kind.GAP, before.name, missing),
        kind=Kind.GAP,
        severity=Severity.WARNING,
        title=f"{name(exchange)}: {counted} lost before delivery",
        text=f"The activity log of {name(exchange)} had to make room while this destination could not be reached.",
        at_ms=eventfacts.at_ms(before),
        exchange=exchange,
        facts=(("Lost", f"{missing:,}"),),
    )


def is_back(event: Event) -> bool:
    """Does the event say of itself that the exchange is back online?"""
    state = eventfacts.to_state(event)
    is_up = state is not None and state != OFFLINE
    return is_up and (bool(eventfacts.raw(event, "downtimeMs")) or eventfacts.raw(event, "fromState") == OFFLINE)


def _made(destination: str, event: Event) -> Notification:
    if is_back(event):
        return recovery(destination, event, None, eventfacts.back_ms(event, None))
    if eventfacts.goes_offline(event):
        title, text = _offline(event)
    elif eventfacts.to_state(event):
        title, text = _transition(event)
    elif eventfacts.kind(event) == ERROR:
        title, text = _error(event)
    elif eventfacts.kind(event) == eventfacts.SYSTEM:
        title, text = _system(event)
    else:
        title, text = _unknown(event)
    is_system = eventfacts.kind(event) == eventfacts.SYSTEM
    kind = Kind.SYSTEM if is_system else Kind.EVENT
    return Notification(
        id=identity(destination, kind, event.name),
        kind=kind,
        severity=eventfacts.severity(event),
        title=title,
        text=text,
        at_ms=eventfacts.at_ms(event),
        events=(event,),
        exchange=None if is_system else event.exchange,
        from_state=eventfacts.field(event, "fromState") or None,
        to_state=eventfacts.to_state(event),
        facts=facts_of(event),
    )


def _offline(event: Event) -> tuple[str, str]:
    was = eventfacts.field(event, "fromState")
    host = eventfacts.field(event, "hostname")
    state = f" It was {was}{f' on {host}' if host else ''}." if was else ""
    since = moment(eventfacts.since_ms(event))
    if eventfacts.raw(event, "reason") == eventfacts.RESTARTED:
        return f"{name(event.exchange)} was lost and restarts", f"Its last heartbeat was at {since}.{state}"
    return f"{name(event.exchange)} is offline", f"No heartbeat until its lease ended at {since}.{state}"


def _transition(event: Event) -> tuple[str, str]:
    before, after = eventfacts.field(event, "fromState"), eventfacts.to_state(event)
    reason = eventfacts.body(eventfacts.raw(event, "reason"))
    way = f"From {before} to {after}" if before else f"Now {after}"
    text = f"{way}: {reason}" if reason else f"{way}."
    if eventfacts.raw(event, "reason").startswith("start failed"):
        return f"{name(event.exchange)} failed to start", text
    return f"{name(event.exchange)} is {after}", text


def _error(event: Event) -> tuple[str, str]:
    count = eventfacts.number(event, "count") or 1
    times = f" ({count:,} times)" if count > 1 else ""
    text = eventfacts.body(eventfacts.raw(event, "error"))
    return f"{name(event.exchange)}: error{times}", text or "It does not say which."


def _system(event: Event) -> tuple[str, str]:
    what = eventfacts.field(event, "what").replace("_", " ") or "something happened"
    about = eventfacts.field(event, "destination")
    title = f"Destination {about}: {what}" if about else f"Dispatcher: {what}"
    return eventfacts.line(title), eventfacts.body(eventfacts.raw(event, "detail")) or f"{what}."


def _unknown(event: Event) -> tuple[str, str]:
    kind = eventfacts.kind(event)
    shown = [
        f"{eventfacts.line(key, 60)}: {eventfacts.field(event, key)}" for key in list(event.fields)[:UNKNOWN_SHOWN]
    ]
    text = eventfacts.body("\n".join(shown)) or "It says nothing else."
    return eventfacts.line(f"{name(event.exchange)}: {kind or 'an event without a kind'}"), text

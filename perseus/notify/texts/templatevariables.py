"""What a template of a notification can name. `docs/notifications.md` lists it; a test holds the two together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perseus.network.log.activity import Event
from perseus.notify.notification import Notification
from perseus.notify.texts import eventfacts
from perseus.notify.texts.spans import moment

EVENTS_MAX = 50

#: Fields that an event always has in a template, empty where it does not say them.
EVENT_FIELDS = (
    "event", "eventId", "seq", "timestamp", "exchangeId", "exchangeName", "hostname", "ip", "adminEmail", "instanceId",
    "fencingToken", "fromState", "toState", "reason", "offlineAt", "detectedAt", "downtimeMs", "error", "state",
    "count", "what", "destination", "detail",
)  # fmt: skip

NAMES = frozenset(
    {
        "title", "text", "kind", "severity", "exchange", "name", "from_state", "to_state", "at", "host", "admin",
        "reason", "error", "downtime", "incident", "event", "events", "facts", "is_drill", "is_replay", "is_repeat",
    }
)  # fmt: skip


def variables(notification: Notification) -> dict[str, Any]:
    """Plain values by name: text, booleans, lists and mappings of text. Nothing that has abilities of its own."""
    events = [_fields(event) for event in notification.events[:EVENTS_MAX]]
    first = events[0] if events else dict.fromkeys(EVENT_FIELDS, "")
    exchange = notification.exchange
    facts = [{"label": label, "value": value} for label, value in notification.facts]
    return {
        "title": notification.title,
        "text": notification.text,
        "kind": str(notification.kind),
        "severity": str(notification.severity),
        "exchange": eventfacts.line(exchange.display_name, 80) if exchange else "",
        "name": exchange.name if exchange else "",
        "from_state": notification.from_state or "",
        "to_state": notification.to_state or "",
        "at": moment(notification.at_ms),
        "host": first["hostname"],
        "admin": first["adminEmail"],
        "reason": first["reason"],
        "error": first["error"],
        "downtime": next((value for label, value in notification.facts if label == "Downtime"), ""),
        "incident": notification.incident or "",
        "event": first,
        "events": events,
        "facts": facts,
        "is_drill": notification.is_drill,
        "is_replay": notification.is_replay,
        "is_repeat": notification.is_repeat,
    }


def _fields(event: Event) -> Mapping[str, str]:
    said = {eventfacts.line(key, 60): eventfacts.body(eventfacts.raw(event, key)) for key in list(event.fields)[:60]}
    return {**dict.fromkeys(EVENT_FIELDS, ""), **said}

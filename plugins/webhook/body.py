"""The body of a webhook: a stable JSON object. What may be relied upon is in README.md."""

from __future__ import annotations

from typing import Any

from perseus.clock import iso
from perseus.notify.notification import Notification

VERSION = 1
EVENTS_MAX = 500


def body(notification: Notification) -> dict[str, Any]:
    """camelCase names, times ISO 8601 UTC, unknown is null; an event is its fields as they stand in the log."""
    exchange = notification.exchange
    return {
        "version": VERSION,
        "type": f"network.{notification.kind}",
        "timestamp": iso(notification.at_ms),
        "id": notification.id,
        "kind": notification.kind,
        "severity": notification.severity,
        "title": notification.title,
        "text": notification.text,
        "exchange": None if exchange is None else exchange.name,
        "exchangeName": None if exchange is None else exchange.display_name,
        "fromState": notification.from_state,
        "toState": notification.to_state,
        "incident": notification.incident,
        "facts": [{"label": label, "value": value} for label, value in notification.facts],
        "possibleRepeat": notification.is_repeat,
        "drill": notification.is_drill,
        "replay": notification.is_replay,
        "events": [
            {"name": event.name, "exchange": event.exchange.name, **event.fields}
            for event in notification.events[:EVENTS_MAX]
        ],
    }

"""What an event says, read so that junk never raises: kinds unknown here, missing fields, odd states, odd numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from perseus.clock import parse_iso
from perseus.errors import whole
from perseus.network.exchange import Exchange
from perseus.network.log.activity import ERROR, TRANSITION, Event
from perseus.network.states import OFFLINE, State
from perseus.notify.notification import Severity
from perseus.notify.planning.memory import Seen

SYSTEM = "system"
RESTARTED = "restarted"
ERROR_MAX = 1_500
LINE_MAX = 300
FIELDS_MAX = 40

STREAM_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
NUMBER = re.compile(r"[0-9]{1,15}")
FAILED = ("start failed", "failed:")
SYSTEM_SEVERITY: Mapping[str, Severity] = {
    "breaker_closed": Severity.INFO,
    "parked": Severity.CRITICAL,
    "memory": Severity.CRITICAL,
}


def order(event: Event) -> tuple[int, int, int]:
    """As `Event.order`; an id that is none comes first."""
    found = STREAM_ID.fullmatch(str(event.stream_id))
    ms, sequence = (int(found[1]), int(found[2])) if found else (0, 0)
    return ms, sequence, event.exchange.id


def at_ms(event: Event) -> int:
    """When the store wrote it, Unix milliseconds; 0 for an id that is none."""
    return order(event)[0]


def raw(event: Event, name: str) -> str:
    """A field as whole text, '' where it is missing."""
    value = event.fields.get(name)
    return "" if value is None else whole(str(value))


def line(text: object, limit: int = LINE_MAX) -> str:
    """Text from outside as one plain line of at most `limit` characters, without control characters."""
    shown = "".join(character if character.isprintable() else " " for character in whole(str(text))[: 4 * limit])
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else f"{shown[: limit - 3]}..."


def body(text: str, limit: int = ERROR_MAX) -> str:
    """Text from outside that may have several lines; cut at `limit` characters, and says so."""
    text = text.replace("\r\n", "\n")
    over = len(text) - limit
    cut = text[:limit] if over > 0 else text
    shown = "".join(character if character.isprintable() or character == "\n" else " " for character in cut)
    return f"{shown} ... ({over:,} more characters)" if over > 0 else shown


def field(event: Event, name: str) -> str:
    """A field as one plain line."""
    return line(raw(event, name))


def kind(event: Event) -> str:
    """`state_transition`, `error`, `system`, or what else it says of itself; '' for nothing."""
    return field(event, "event")


def to_state(event: Event) -> str | None:
    """The state that a transition goes to; None for other events, and where it says none."""
    return (field(event, "toState") or None) if kind(event) == TRANSITION else None


def goes_offline(event: Event) -> bool:
    """Is it the end of a lease that nobody released?"""
    return to_state(event) == OFFLINE


def is_failure(event: Event) -> bool:
    """Is it a start that failed, or a stop because of a failure?"""
    return to_state(event) in (State.IDLE, State.STOPPING) and raw(event, "reason").startswith(FAILED)


def number(event: Event, name: str) -> int | None:
    """A field as a count; None where it is none."""
    text = raw(event, name)
    return int(text) if NUMBER.fullmatch(text) and text.isascii() else None


def moment_ms(event: Event, name: str) -> int | None:
    """A field with an ISO 8601 time as Unix milliseconds; None where it is none."""
    try:
        return parse_iso(raw(event, name))
    except (ValueError, OverflowError):
        return None


def since_ms(event: Event) -> int:
    """When the outage began: `offlineAt`, where that is no later than the event and no more than a day before it."""
    at, said = at_ms(event), moment_ms(event, "offlineAt")
    return said if said is not None and 0 <= at - said <= 86_400_000 else at


def back_ms(event: Event, began_ms: int | None) -> int | None:
    """How long it was offline: `downtimeMs`, else counted from `began_ms`; None for unknown."""
    said = number(event, "downtimeMs")
    if said is not None:
        return said
    return None if began_ms is None else max(0, at_ms(event) - began_ms)


def severity(event: Event) -> Severity:
    """Offline is critical; errors and failed starts are warnings, as is a restart; the rest is for information."""
    if goes_offline(event):
        return Severity.WARNING if raw(event, "reason") == RESTARTED else Severity.CRITICAL
    if kind(event) == SYSTEM:
        return SYSTEM_SEVERITY.get(field(event, "what"), Severity.WARNING)
    return Severity.WARNING if kind(event) == ERROR or is_failure(event) else Severity.INFO


def seen(event: Event) -> Seen:
    """The event as a memory keeps it: its fields cut to a line each."""
    fields = {line(name, 60): line(raw(event, name)) for name in list(event.fields)[:FIELDS_MAX]}
    return Seen(
        exchange_id=event.exchange.id,
        display_name=line(event.exchange.display_name, 80),
        stream_id=str(event.stream_id)[:40],
        fields=fields,
    )


def recall(name: str, remembered: Seen | None) -> Event | None:
    """The event of that exchange again; None when nothing usable is remembered."""
    if remembered is None:
        return None
    try:
        exchange = Exchange(remembered.exchange_id, name, remembered.display_name)
    except ValueError:
        return None
    return Event(exchange, remembered.stream_id, remembered.fields)

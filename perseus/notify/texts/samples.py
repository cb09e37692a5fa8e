"""Events and messages as they might be: what templates are checked against, and what a test send sends. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.log.activity import ERROR, TRANSITION, Event
from perseus.network.states import OFFLINE
from perseus.notify.configuration import Policy
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.planning.memory import Incident, Memory
from perseus.notify.texts import eventfacts, outagewording, wording
from perseus.notify.texts.outagewording import Lost
from perseus.notify.texts.spans import moment

SAMPLE_MS = 1_795_256_142_123
EXCHANGE = Exchange(4, "kraken", "Kraken")
OTHERS = (Exchange(1, "coinbase", "Coinbase"), Exchange(5, "bybit", "Bybit"))
DESTINATION = "sample"


def event(kind: str, fields: dict[str, str], at_ms: int = SAMPLE_MS, exchange: Exchange = EXCHANGE) -> Event:
    """An event with the fields that every event has, and `fields`."""
    known = {
        "event": kind,
        "eventId": "6d1f0f2be1a94d6f8f5f7a6f6f0f9b41",
        "seq": "18",
        "timestamp": iso(at_ms),
        "exchangeId": str(exchange.id),
        "exchangeName": exchange.name,
        "hostname": "feed-1",
        "ip": "192.0.2.7",
        "adminEmail": "ada@example.org",
        "instanceId": "feed-1-4711-9b1c22d0",
        "fencingToken": "1795256142123456",
    }
    return Event(exchange, f"{at_ms}-0", known | fields)


def transition(from_state: str, to_state: str, reason: str, **more: str) -> Event:
    """A change of state."""
    return event(TRANSITION, {"fromState": from_state, "toState": to_state, "reason": reason} | more)


def lost(exchange: Exchange = EXCHANGE, at_ms: int = SAMPLE_MS) -> Event:
    """The end of a lease that nobody released."""
    times = {"offlineAt": iso(at_ms - 500), "detectedAt": iso(at_ms)}
    fields = {"fromState": "active", "toState": OFFLINE, "reason": "lease_expired"}
    return event(TRANSITION, fields | times, at_ms, exchange)


def events(at_ms: int = SAMPLE_MS) -> tuple[Event, ...]:
    """One event of each sort and severity: offline, back, active, a failed start, an error, system, and an odd one."""
    made = (
        lost(),
        transition("idle", "starting", "start", downtimeMs="252000"),
        transition("warming", "active", "warm"),
        transition("starting", "idle", "start failed: ConnectionRefusedError: [Errno 111] Connection refused"),
        event(ERROR, {"error": "feed lost: ConnectionResetError: [Errno 104]", "state": "active", "count": "47"}),
        event(eventfacts.SYSTEM, {"what": "breaker_opened", "destination": "ops", "detail": "HTTP 503 five times"}),
        event("something_new", {"detail": "of a later version"}),
    )
    return tuple(replace(one, stream_id=f"{at_ms + place}-0") for place, one in enumerate(made))


@cache
def notifications() -> tuple[Notification, ...]:
    """One message of each kind, and of each severity."""
    first = lost()
    outage = Incident(id=first.name, since_ms=SAMPLE_MS, event=first.name, hostname="feed-2", admin="ann@example.org")
    back = transition("idle", "starting", "start", downtimeMs="252000")
    all_lost = [Lost(lost(one), SAMPLE_MS) for one in (EXCHANGE, *OTHERS)]
    exchanges = [one.exchange for one in all_lost]
    memory = Memory(state=OFFLINE, state_ms=SAMPLE_MS)
    later = SAMPLE_MS + 3_720_000
    return (
        *(wording.plain(DESTINATION, one) for one in events()),
        wording.recovery(DESTINATION, back, outage, 252_000),
        outagewording.group(DESTINATION, all_lost, exchanges, 4, None),
        outagewording.recoveries(DESTINATION, [(back, outage, 252_000), (back, outage, None)]),
        outagewording.reminder(DESTINATION, [(all_lost[0], outage)], 2, later),
        outagewording.flaps(DESTINATION, first, (SAMPLE_MS - 240_000, SAMPLE_MS), Policy()),
        outagewording.calm(DESTINATION, first, memory, SAMPLE_MS, later),
        wording.gap(DESTINATION, EXCHANGE, 12, first),
    )


def drill(destination: str, author: str, now_ms: int) -> Notification:
    """What a test send sends: an outage that says of itself that it is none."""
    made = lost(at_ms=now_ms)
    return Notification(
        id=wording.identity(destination, "drill", now_ms),
        kind=Kind.EVENT,
        severity=Severity.INFO,
        title=f"DRILL: {EXCHANGE.display_name} is offline",
        text="A test of this destination. Nothing happened.",
        at_ms=now_ms,
        events=(made,),
        exchange=EXCHANGE,
        from_state="active",
        to_state=OFFLINE,
        facts=(("Asked for by", eventfacts.line(author, 100)), ("At", moment(now_ms))),
        is_drill=True,
    )

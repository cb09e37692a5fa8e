"""One card an exchange: what the page shows of it, made from its judged status and the store's `now`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perseus import keys
from perseus.network.activity import Event
from perseus.network.directory import Condition, ExchangeStatus
from perseus.network.exchange import Exchange
from perseus.network.payload import InstanceStatus
from perseus.web import badges, moments, words
from perseus.web.badges import Badge
from perseus.web.moments import Moment

GREEN_UNDER_MS = 10_000  # DIFF-02
YELLOW_UNDER_MS = 30_000  # DIFF-02
LATE_AFTER_HEARTBEATS = 1.5
SILENT_AFTER_MS = 30_000
ERROR_LIMIT = 2_000
NAME_LIMIT = 120
FIELDS_SHOWN = 6
FIELD_LABELS = {"messageCount": "Messages"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value; None is unknown. `code`: set in the fixed-width face."""

    label: str
    value: str | None
    code: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """The last heartbeat: its colour by DIFF-02 (`green`, `yellow`, `red`) and whether it is late for this instance."""

    at: Moment
    grade: str
    late: bool
    late_after_ms: int


@dataclass(frozen=True, slots=True)
class LastError:
    """What the instance last complained of."""

    text: str
    at: Moment | None


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next, and what to type or look at for it."""

    text: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """Everything one card shows. While not `live`, all facts are the last known ones.

    `since`: how long the badge has been true. `connected`: since when the instance is or was active; `ran` is how
    long it had been so when it ended. `silent`: it says active, but its feed has brought nothing for 30 s.
    """

    exchange: Exchange
    name: str
    badge: Badge
    live: bool
    known: bool
    since: Moment | None
    last_state: Badge | None
    reason: str | None
    advice: Advice | None
    beat: Beat | None
    last_beat: Moment | None
    message: Moment | None
    silent: bool
    connected: Moment | None
    ran: str | None
    facts: tuple[Fact, ...]
    error: LastError | None
    more: tuple[Fact, ...]


def cards(statuses: Iterable[ExchangeStatus], now_ms: int) -> tuple[Card, ...]:
    """A card for each exchange, problems first; the order changes with conditions only."""
    made = (card(status, now_ms) for status in statuses)
    return tuple(sorted(made, key=lambda c: (badges.rank(c.badge), c.exchange.display_name.casefold(), c.exchange.id)))


def card(status: ExchangeStatus, now_ms: int) -> Card:
    """One card."""
    told, badge = status.status, badges.of_exchange(status)
    facts = _facts(told) if told else _facts_of(status.last_event)
    connected_ms = moments.read(told.connected_at) if told else None
    message_ms = moments.read(told.last_message_at) if told else None
    return Card(
        exchange=status.exchange,
        name=words.plain(status.exchange.display_name, NAME_LIMIT),
        badge=badge,
        live=status.live,
        known=told is not None or bool(facts),
        since=moments.lasting(status.since_ms, now_ms),
        last_state=badges.of_state(told.connection_state) if told and not status.live else None,
        reason=_reason(badge, status.reason),
        advice=_advice(badge, status.exchange),
        beat=_beat(status, now_ms),
        last_beat=moments.ago(moments.read(told.last_heartbeat), now_ms) if told else None,
        message=moments.ago(message_ms, now_ms),
        silent=_is_silent(status, message_ms, now_ms),
        connected=moments.lasting(connected_ms, now_ms),
        ran=_ran(status, connected_ms),
        facts=facts,
        error=_error(told, now_ms) if told else None,
        more=_more(told) if told else (),
    )


def _beat(status: ExchangeStatus, now_ms: int) -> Beat | None:
    told, age_ms = status.status, status.heartbeat_age_ms
    if told is None or age_ms is None:
        return None
    at = moments.ago(_steady(moments.read(told.last_heartbeat), now_ms - age_ms), now_ms)
    late_after_ms = round(told.heartbeat_seconds * LATE_AFTER_HEARTBEATS * 1000)
    return Beat(at, grade(age_ms), age_ms > late_after_ms, late_after_ms) if at else None


def _steady(told_ms: int | None, judged_ms: int) -> int:
    # The judged moment wavers by the milliseconds between two reads, and would change the page with every poll.
    return told_ms if told_ms is not None and abs(told_ms - judged_ms) < words.SECOND else judged_ms


def grade(age_ms: int) -> str:
    """The colour of a heartbeat of this age."""
    if age_ms < GREEN_UNDER_MS:
        return "green"
    return "yellow" if age_ms < YELLOW_UNDER_MS else "red"


def _is_silent(status: ExchangeStatus, message_ms: int | None, now_ms: int) -> bool:
    if status.condition is not Condition.ACTIVE or message_ms is None:
        return False
    return now_ms - message_ms > SILENT_AFTER_MS


def _ran(status: ExchangeStatus, connected_ms: int | None) -> str | None:
    if status.live or connected_ms is None or status.condition is not Condition.OFFLINE or status.since_ms is None:
        return None
    return words.span(status.since_ms - connected_ms)


def _error(told: InstanceStatus, now_ms: int) -> LastError | None:
    if not told.last_error:
        return None
    return LastError(words.plain(told.last_error, ERROR_LIMIT), moments.ago(moments.read(told.last_error_at), now_ms))


def _facts(told: InstanceStatus) -> tuple[Fact, ...]:
    fixed = (
        Fact("Host", words.plain(told.hostname, 120) or None, code=True),
        Fact("IP", _given(told.ip_address), code=True),
        Fact("Admin", _given(told.admin_display_name) or _given(told.admin_email)),
        Fact("Symbols", words.number(told.symbol_count)),
    )
    return fixed + tuple(_field(key, told.fields[key]) for key in _keys(told)[:FIELDS_SHOWN])


def _facts_of(event: Event | None) -> tuple[Fact, ...]:
    """What the newest entry of the activity log still says, where no payload is left (UI-03)."""
    if event is None:
        return ()
    given = (("Host", "hostname", True), ("IP", "ip", True), ("Admin", "adminEmail", False))
    facts = tuple(Fact(label, _given(event.fields.get(key)), code) for label, key, code in given)
    return facts if any(fact.value for fact in facts) else ()


def _more(told: InstanceStatus) -> tuple[Fact, ...]:
    skew, rtt = told.clock_skew_ms, told.store_rtt_ms
    fixed = (
        Fact("Fencing token", told.fencing_token, code=True),
        Fact("Instance", words.plain(told.instance_id, 120), code=True),
        Fact("Process", str(told.pid), code=True),
        Fact("Version", words.plain(told.version, 40), code=True),
        Fact("Registered", moments.utc(moments.read(told.registered_at) or 0)),
        Fact("Heartbeat every", f"{told.heartbeat_seconds:g} s, lease of {told.ttl_seconds:g} s"),
        Fact("Clock ahead of store", None if skew is None else f"{words.number(skew)} ms"),
        Fact("Store answers in", None if rtt is None else f"{rtt:.1f} ms"),
        Fact("Admin's mail", _given(told.admin_email)),
    )
    return fixed + tuple(_field(key, told.fields[key]) for key in _keys(told)[FIELDS_SHOWN:])


def _keys(told: InstanceStatus) -> list[str]:
    return sorted(told.fields, key=lambda key: key not in FIELD_LABELS)


def _field(key: str, value: str | float | None) -> Fact:
    shown = words.plain(value, 120) if isinstance(value, str) else None if value is None else words.number(value)
    return Fact(FIELD_LABELS.get(key) or words.plain(words.label(key), 40), shown or None)


def _reason(badge: Badge, reason: str | None) -> str | None:
    said = words.plain(reason).rstrip(".") if reason else ""
    if badge is badges.CLOSED:
        return f"Stopped in order: {said}." if said else "Stopped in order."
    return f"{said[:1].upper()}{said[1:]}." if said else None


def _given(text: str | None) -> str | None:
    return words.plain(text, 120) if text else None


def _advice(badge: Badge, exchange: Exchange) -> Advice | None:
    start = (f"perseus ingest {exchange.name}",)
    advice = {
        "lost": Advice("See what happened on its host, then start it again:", start),
        "closed": Advice("Start it again:", start),
        "never_seen": Advice("Start the first instance:", start),
        "unknown": Advice("Nothing follows from this: an instance may well be at work."),
        "corrupt": Advice(
            "Look at its keys in the data store, and delete what no Perseus process wrote:",
            (keys.status(exchange.id), keys.last_record(exchange.id), keys.activity(exchange.name)),
        ),
    }
    return advice.get(badge.token)

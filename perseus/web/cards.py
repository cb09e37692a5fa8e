"""One card an exchange: what the page shows of it, made from its judged status and the store's `now`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perseus.network.directory import Condition, ExchangeStatus
from perseus.network.exchange import Exchange
from perseus.network.payload import InstanceStatus
from perseus.web import advice, badges, facts, moments, words
from perseus.web.advice import Advice
from perseus.web.badges import Badge
from perseus.web.facts import Fact
from perseus.web.moments import Moment

GREEN_UNDER_MS = 10_000  # DIFF-02
YELLOW_UNDER_MS = 30_000  # DIFF-02
LATE_AFTER_HEARTBEATS = 1.5
SILENT_AFTER_MS = 30_000
ERROR_LIMIT = 2_000


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
class Card:
    """Everything one card shows. While not `live`, all facts are the last known ones.

    `since`: how long the badge has been true. `connected`: since when the instance is or was active; `ran`: for
    how long, up to its last heartbeat. `silent`: it says active, but its feed has brought nothing for 30 s.
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
    known = facts.of_instance(told) if told else facts.of_event(status.last_event)
    connected_ms = moments.read(told.connected_at) if told else None
    message_ms = moments.read(told.last_message_at) if told else None
    beat = _beat(status, now_ms)
    return Card(
        exchange=status.exchange,
        name=words.plain(status.exchange.display_name, words.NAME_LIMIT),
        badge=badge,
        live=status.live,
        known=bool(known),
        since=moments.lasting(status.since_ms, now_ms),
        last_state=badges.of_state(told.connection_state) if told and not status.live else None,
        reason=advice.reason(badge, status.reason),
        advice=advice.advice(badge, status.exchange),
        beat=beat,
        last_beat=moments.ago(moments.read(told.last_heartbeat), now_ms) if told else None,
        message=moments.ago(message_ms, now_ms),
        silent=_is_silent(status, message_ms, beat, now_ms),
        connected=moments.lasting(connected_ms, now_ms),
        ran=_ran(status, connected_ms),
        facts=known,
        error=_error(told, now_ms) if told else None,
        more=facts.more(told) if told else (),
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


def _is_silent(status: ExchangeStatus, message_ms: int | None, beat: Beat | None, now_ms: int) -> bool:
    # Messages are told with heartbeats: when these are late, nothing is known of the feed.
    if status.condition is not Condition.ACTIVE or message_ms is None or beat is None or beat.late:
        return False
    return now_ms - message_ms > SILENT_AFTER_MS


def _ran(status: ExchangeStatus, connected_ms: int | None) -> str | None:
    told, has_ended = status.status, status.condition in (Condition.OFFLINE, Condition.STOPPED) and not status.live
    ended_ms = moments.read(told.last_heartbeat) if told and has_ended else None
    return None if ended_ms is None or connected_ms is None else words.span(ended_ms - connected_ms)


def _error(told: InstanceStatus, now_ms: int) -> LastError | None:
    if not told.last_error:
        return None
    return LastError(words.plain(told.last_error, ERROR_LIMIT), moments.ago(moments.read(told.last_error_at), now_ms))

"""One card an exchange: what the page shows of it, made from its judged status and the store's `now`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from perseus.network.exchange import Exchange
from perseus.network.holdoff import HoldOff
from perseus.network.log.activity import Event
from perseus.network.payload import InstanceStatus
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.network.view.reading import RAN_OUT
from perseus.web import moments, words
from perseus.web.card import advice, attendance, badges, beats, facts, signs, stopping
from perseus.web.card.advice import Advice
from perseus.web.card.attendance import NOBODY, Attendance
from perseus.web.card.badges import Badge
from perseus.web.card.beats import LIMITS, Beat, Limits
from perseus.web.card.facts import Fact
from perseus.web.card.record import NONE as NO_RECORD
from perseus.web.card.record import Record
from perseus.web.card.signs import Sign
from perseus.web.card.stopping import Reserve, Stop
from perseus.web.moments import Moment

ERROR_LIMIT = 2_000
#: Where a start can be asked for: nobody works on them.
AT_REST = (Condition.OFFLINE, Condition.STOPPED, Condition.IDLE, Condition.NEVER_SEEN)


class Outlook(NamedTuple):
    """All that a card is made from, the time included: equal outlooks give equal cards.

    Ages are left out, or no two polls would be alike; moments say them when the card is read. `free_at_ms`: until then
    a process that was started waits for its claim. `attendance`: what processes that take commands say of it.
    """

    exchange: Exchange
    badge: Badge
    condition: Condition
    live: bool
    since_ms: int | None
    reason: str | None
    last_event: Event | None
    beat: Beat | None
    silent: bool
    told: InstanceStatus | None
    record: Record
    held_off: HoldOff | None
    free_at_ms: int | None = None
    attendance: Attendance = NOBODY


@dataclass(frozen=True, slots=True)
class Paused:
    """That people have paused its feed."""

    by: str
    since: Moment | None


@dataclass(frozen=True, slots=True)
class LastError:
    """What the instance last complained of; `opening`: how it begins, where it is long."""

    text: str
    opening: str | None
    at: Moment | None


@dataclass(frozen=True, slots=True)
class Card:
    """Everything one card shows. While not `live`, all facts are the last known ones.

    `since`: how long the badge has been true. `connected`: since when the instance is or was active; `ran`: for
    how long, up to its last heartbeat. `silent`: it says active, but its feed brings nothing. `at`: the moment that it
    is of, as addresses take it; None for the present. `doing`: how far its start has come; `stop`: how that is stopped.
    `connects`: a start may be asked for.
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
    signs: tuple[Sign, ...]
    beat: Beat | None
    last_beat: Moment | None
    message: Moment | None
    silent: bool
    connected: Moment | None
    ran: str | None
    facts: tuple[Fact, ...]
    error: LastError | None
    more: tuple[Fact, ...]
    record: Record
    at: str | None = None
    paused: Paused | None = None
    doing: str | None = None
    standbys: tuple[Reserve, ...] = ()
    connects: bool = False
    stop: Stop | None = None

    @property
    def stuck(self) -> str | None:
        """Why it seems stuck, with figures."""
        return self.record.stuck


def outlook(
    status: ExchangeStatus,
    now_ms: int,
    record: Record = NO_RECORD,
    *,
    limits: Limits = LIMITS,
    attendance: Attendance = NOBODY,
) -> Outlook:
    """What a judged status comes to at `now_ms`, with what its log adds."""
    beat = beats.beat(status, now_ms, limits)
    return Outlook(
        status.exchange,
        badges.of_exchange(status),
        status.condition,
        status.live,
        status.since_ms,
        status.reason,
        None if status.status else status.last_event,
        beat,
        beats.is_silent(status, beat, now_ms, limits) and not _is_paused(status),
        status.status,
        record,
        _held_off(status, now_ms),
        _free_at_ms(status, now_ms, limits),
        attendance if status.condition in AT_REST else attendance._replace(idle=0),
    )


def card(seen: Outlook) -> Card:
    """One card."""
    told, badge = seen.told, seen.badge
    known = facts.of_instance(told) if told else facts.of_event(seen.last_event)
    connected_ms = moments.read(told.connected_at) if told else None
    begins = not seen.live and bool(seen.attendance.claimer)
    return Card(
        exchange=seen.exchange,
        name=words.plain(seen.exchange.display_name, words.NAME_LIMIT),
        badge=badge,
        live=seen.live,
        known=bool(known),
        since=moments.lasting(seen.since_ms),
        last_state=badges.of_state(told.connection_state) if told and not seen.live else None,
        reason=advice.held_off(seen.held_off) if seen.held_off else advice.reason(badge, seen.reason),
        advice=None
        if begins
        else advice.advice(badge, seen.exchange, seen.free_at_ms, _next(seen), seen.attendance.idle),
        signs=signs.signs(
            seen.beat,
            told,
            silent=seen.silent,
            stuck=_is_stuck(seen),
            held_off=seen.held_off is not None,
            paused=seen.live and attendance.pause(told) is not None,
        ),
        beat=seen.beat,
        last_beat=moments.ago(moments.read(told.last_heartbeat)) if told else None,
        message=moments.ago(moments.read(told.last_message_at)) if told else None,
        silent=seen.silent,
        connected=moments.lasting(connected_ms),
        ran=_ran(seen, connected_ms),
        facts=known,
        error=_error(told) if told else None,
        more=facts.more(told) if told else (),
        record=seen.record,
        paused=_paused(told) if seen.live else None,
        doing=seen.attendance.of_beginning(told if seen.live else None),
        standbys=stopping.reserves(seen.attendance),
        connects=seen.condition in AT_REST and not begins,
        stop=stopping.stop(told if seen.live else None, seen.attendance),
    )


def _next(seen: Outlook) -> str:
    """The host of the standby that is ready soonest."""
    ready = sorted(seen.attendance.standbys, key=lambda one: not one.warm)
    return words.plain(ready[0].host, words.NAME_LIMIT) if ready else ""


def place(made: Card | Outlook) -> tuple[int, str, int]:
    """Where a card stands, problems first: the order changes with conditions only."""
    return badges.rank(made.badge), made.exchange.display_name.casefold(), made.exchange.id


def _ran(seen: Outlook, connected_ms: int | None) -> str | None:
    has_ended = seen.condition in (Condition.OFFLINE, Condition.STOPPED) and not seen.live
    ended_ms = moments.read(seen.told.last_heartbeat) if seen.told and has_ended else None
    return None if ended_ms is None or connected_ms is None else words.span(ended_ms - connected_ms)


def _is_paused(status: ExchangeStatus) -> bool:
    return status.live and attendance.pause(status.status) is not None


def _paused(told: InstanceStatus | None) -> Paused | None:
    known = attendance.pause(told)
    return None if known is None else Paused(known.by, moments.ago(known.since_ms))


def _held_off(status: ExchangeStatus, now_ms: int) -> HoldOff | None:
    """Of an instance that waits; None once its time is over, whatever it says."""
    held = status.status.held_off if status.live and status.status else None
    return held if held is not None and (moments.read(held.until) or 0) > now_ms else None


def _free_at_ms(status: ExchangeStatus, now_ms: int, limits: Limits) -> int | None:
    """Until when no claim is granted after a lease that ran out; None where one may be, or nothing is known of it."""
    if status.condition is not Condition.OFFLINE or status.reason != RAN_OUT or status.since_ms is None:
        return None
    free_at_ms = status.since_ms + limits.settle_ms
    return free_at_ms if now_ms < free_at_ms else None


def _is_stuck(seen: Outlook) -> bool:
    return seen.record.stuck is not None and seen.held_off is None


def _error(told: InstanceStatus) -> LastError | None:
    if not told.last_error:
        return None
    text = words.plain(told.last_error, ERROR_LIMIT)
    return LastError(text, words.opening(text), moments.ago(moments.read(told.last_error_at)))

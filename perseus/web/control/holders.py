"""Who holds an exchange, as somebody sees it who wants it elsewhere, and what taking it over does, in words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from perseus.control.hosts import Report
from perseus.control.unasked import OTHER_KEY
from perseus.network.payload import InstanceStatus
from perseus.network.view.directory import ExchangeStatus
from perseus.web import moments, words
from perseus.web.card import attendance, badges
from perseus.web.card.badges import Badge
from perseus.web.moments import Moment

ANSWER_SECONDS = 10
YES, NO, UNSAID = "yes", "no", "not known: its process does not say so now"
ASKED = (
    "{host} is asked to stop. It writes what it still has, ends its work in order and gives the exchange to the "
    "process that you choose; nobody else can claim it in between.",
    "If it does not answer within {wait} s, its lease is revoked: it cannot be renewed any more. A holder that hears "
    "of that stops at once; one that is frozen or cut off stops by itself when its lease ends, {left} at most. Only "
    "then does the other one begin.",
)
UNASKED = (
    "{host} {deaf}, so it cannot be asked. Its lease is revoked: it cannot be renewed any more. A holder "
    "that hears of that stops at once; one that is frozen or cut off stops by itself when its lease ends, {left} at "
    "most. Only then does the other one begin.",
)
ALWAYS = "At no moment do two serve the exchange. Candles of the time between are fetched afterwards."


@dataclass(frozen=True, slots=True)
class Holder:
    """The instance that has the lease. `left`: of it, in seconds; `does`: what a takeover does, as sentences.

    `takes`: whether it takes commands, in words: what its process says of itself may be lost, and it is asked then too.
    """

    instance_id: str
    host: str
    ip: str | None
    admin: str | None
    badge: Badge
    since: Moment | None
    left: int | None
    takes: str
    does: tuple[str, ...]


def holder(
    status: ExchangeStatus, reports: Collection[Report] = (), refusing: Collection[Report] = ()
) -> Holder | None:
    """Who holds it; None where nobody does. `refusing`: those of `reports` that have another key of commands."""
    told = status.status
    if not status.live or told is None:
        return None
    target = attendance.target(told)
    has_another_key = target in [one.target for one in refusing]
    answers = target is not None and not has_another_key
    says_so = target in [one.target for one in reports]
    host = words.plain(told.hostname, words.NAME_LIMIT) or "The holder"
    longest = words.span(round(told.ttl_seconds * 1000))
    deaf = OTHER_KEY if has_another_key else "takes no commands"
    said = {"host": host, "wait": ANSWER_SECONDS, "left": longest, "deaf": deaf}
    return Holder(
        attendance.run_id(told),
        host,
        words.plain(told.ip_address, words.NAME_LIMIT) if told.ip_address else None,
        _admin(told),
        badges.of_exchange(status),
        moments.ago(moments.read(told.connected_at) or moments.read(told.registered_at)),
        None if status.lease_left_ms is None else max(status.lease_left_ms, 0) // 1000,
        (YES if says_so else UNSAID) if answers else NO,
        (*(one.format(**said) for one in (ASKED if answers else UNASKED)), ALWAYS),
    )


def _admin(told: InstanceStatus) -> str | None:
    given = told.admin_display_name or told.admin_email
    return words.plain(given, words.NAME_LIMIT) if given else None

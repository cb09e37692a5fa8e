"""Destinations as the pages show them: how each stands, in a badge, a sentence and a few facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.notify.roster import Listed
from perseus.notify.told.standing import Standing
from perseus.web import moments, words
from perseus.web.card.badges import Badge
from perseus.web.moments import Moment

TEXT_LIMIT = 500
BROKEN = Badge("failed", "Cannot send")
PARKED = Badge("corrupt", "Parked")
OPEN = Badge("lost", "Breaker open")
UNATTENDED = Badge("unknown", "Unattended")
UNKNOWN = Badge("unknown", "Unknown")
REFUSING = Badge("lost", "Refusing")
TRYING = Badge("starting", "Trying again")
LIMITED = Badge("warming", "Waiting for a limit")
PAUSED = Badge("closed", "Paused")
UNSERVED = Badge("never_seen", "Not served yet")
SENDING = Badge("active", "Sending")
RANKED = (BROKEN, PARKED, OPEN, REFUSING, UNATTENDED, UNKNOWN, TRYING, LIMITED, PAUSED, UNSERVED, SENDING)
WRONG = (BROKEN, PARKED, OPEN, REFUSING, UNATTENDED)

RESULTS = {
    Outcome.DONE: "delivered",
    Outcome.WAIT: "asked to wait",
    Outcome.RETRY: "failed",
    Outcome.POISON: "message refused",
    Outcome.PERMANENT: "refused",
}


@dataclass(frozen=True, slots=True)
class DestinationRow:
    """One destination. `note`: why it is as the badge says, '' where that needs no words. `last`: its last attempt.

    `queued` None: unknown. `oldest`: since when the first of these waits. `worker`: who sends for it, None: nobody.
    """

    id: str
    kind: str
    origin: str
    badge: Badge
    note: str
    is_paused: bool
    queued: str | None
    oldest: Moment | None
    last: Moment | None
    result: str
    took: str
    dead: int
    worker: str | None


def rows(roster: Mapping[str, Listed], standings: Mapping[str, Standing] | None, now_ms: int) -> list[DestinationRow]:
    """All of them, those with problems first. `standings` None: the store does not answer."""
    made = [row(listed, None if standings is None else standings.get(name), now_ms) for name, listed in roster.items()]
    return sorted(made, key=lambda one: (RANKED.index(one.badge), one.id))


def row(listed: Listed, standing: Standing | None, now_ms: int) -> DestinationRow:
    """One destination; `standing` None: nothing could be read of it."""
    destination, known = listed.destination, standing or Standing()
    badge = _badge(listed, standing, now_ms)
    took = "" if known.last_took_ms is None else f"{known.last_took_ms:,} ms"
    return DestinationRow(
        id=destination.id,
        kind=words.plain(destination.kind, 60),
        origin=destination.origin,
        badge=badge,
        note=words.plain(_note(badge, listed, known, now_ms), TEXT_LIMIT),
        is_paused=destination.is_paused,
        queued=None if known.queued is None else words.number(known.queued),
        oldest=moments.lasting(known.oldest_ms) if known.queued else None,
        last=moments.ago(known.last_ms),
        result=RESULTS[known.last_outcome] if known.last_outcome else "",
        took=took,
        dead=known.dead,
        worker=words.plain(known.worker, 120) or None,
    )


def _badge(listed: Listed, standing: Standing | None, now_ms: int) -> Badge:
    if listed.problem:
        return BROKEN
    if standing is None:
        return UNKNOWN
    by_breaker = {
        None: UNSERVED,
        BreakerState.PARKED: PARKED,
        BreakerState.OPEN: OPEN,
        BreakerState.HALF_OPEN: TRYING,
    }
    if listed.destination.is_paused and standing.breaker is not BreakerState.PARKED:
        return PAUSED
    if standing.breaker in by_breaker:
        return by_breaker[standing.breaker]
    if not standing.worker:
        return UNATTENDED
    if _is_limited(standing, now_ms):
        return LIMITED
    return REFUSING if standing.last_outcome is Outcome.POISON else SENDING


def _is_limited(standing: Standing, now_ms: int) -> bool:
    return standing.not_before_ms is not None and standing.not_before_ms > now_ms and bool(standing.queued)


def _note(badge: Badge, listed: Listed, standing: Standing, now_ms: int) -> str:
    if badge is BROKEN:
        return listed.problem
    if badge is PARKED:
        return f"It takes nothing from us any more: {standing.breaker_reason or 'no reason is recorded'}"
    if badge in (OPEN, TRYING):
        return f"{_again(standing)}{standing.breaker_reason}"
    if badge is REFUSING:
        return f"It refused the newest message, which lies among the dead letters: {standing.last_reason}"
    if badge is UNATTENDED:
        return "No dispatcher holds it at the moment."
    if badge is LIMITED:
        left_ms = (standing.not_before_ms or now_ms) - now_ms
        return f"The service allows the next message in {words.span(left_ms + words.SECOND)}."
    if badge is PAUSED and standing.queued:
        return "What happens meanwhile waits."
    return standing.last_reason if standing.last_outcome not in (None, Outcome.DONE) else ""


def _again(standing: Standing) -> str:
    at = moments.utc(standing.retry_ms)
    return f"Tried again at {at[11:]} UTC. " if at else ""

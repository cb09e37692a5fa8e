"""When a lease ended that nobody released, and when that was noticed, as sentences. Pure."""

from __future__ import annotations

from perseus.network.log.activity import Event
from perseus.network.states import OFFLINE
from perseus.web import moments, words

RESTARTED = "restarted"


def ending(event: Event) -> str | None:
    """`Its lease ended at 14:03:16 UTC; it was found gone 6 s later, at 14:03:22 UTC.`; None where no event says so.

    Of one whose successor did not wait for the end of the lease the event knows the last heartbeat instead.
    """
    ended = moments.read(event.fields.get("offlineAt")) if event.fields.get("toState") == OFFLINE else None
    at = moments.utc(ended)
    if ended is None or at is None:
        return None
    found = moments.read(event.fields.get("detectedAt"))
    found = event.at_ms if found is None else found
    what = "last heartbeat was" if event.fields.get("reason") == RESTARTED else "lease ended"
    return f"Its {what} at {_beside(at, event)} UTC{_found(found - ended, moments.utc(found), at)}."


def last_heartbeat(ms: int | None, event: Event) -> str | None:
    """`Its last heartbeat was at 14:02:31 UTC.`; None where that is not known."""
    at = moments.utc(ms)
    return f"Its last heartbeat was at {_beside(at, event)} UTC." if at else None


def _found(late_ms: int, found: str | None, ended: str) -> str:
    if late_ms < 0 or found is None:
        return ""
    if late_ms < words.SECOND:
        return "; it was found gone within a second"
    at = found[11:] if found[:10] == ended[:10] else found
    return f"; it was found gone {words.span(late_ms)} later, at {at} UTC"


def _beside(at: str, event: Event) -> str:
    """The time alone where it is of the day of the event, which stands above."""
    return at[11:] if moments.day(event.at_ms) == at[:10] else at

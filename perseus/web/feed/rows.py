"""The feed: events of the activity logs as rows, newest first, by UTC day. Whatever stands in a log gives a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from perseus.network.log.activity import ERROR, TRANSITION, Event
from perseus.web import moments, words
from perseus.web.card import badges
from perseus.web.card.facts import Fact
from perseus.web.card.failures import Failure, failure
from perseus.web.feed import endings
from perseus.web.feed.deliveries import marks
from perseus.web.feed.marks import Fates
from perseus.web.feed.repeats import folded
from perseus.web.feed.row import Row
from perseus.web.moments import Moment

REASON_LIMIT = 300
ERROR_LIMIT = 2_000
JUNK_FIELDS = 12
JUNK_LIMIT = 120
NONE: Fates = {}
AFTER_FAILOVER = "The data store failed over before this: what was logged in the moment before may be missing."
REASONS = {
    "lease_expired": "its lease ran out, nobody released it",
    "restarted": "a new process on the same host took over",
    "lease_put_back": "its key had vanished from the data store and was written again",
}


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one UTC day; `date` is empty for rows whose time no calendar holds."""

    date: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """One page of the feed; `older` is the cursor of the next one, None at the end of the logs.

    `looked_to`: how far back a search came that stopped before it found a pageful. `is_read` False: the store did not
    answer, so that nothing is known.
    """

    days: tuple[Day, ...]
    older: str | None
    looked_to: Moment | None = None
    is_read: bool = True


def feed(
    events: Iterable[Event], older: str | None, now_ms: int, fates: Fates = NONE, looked_to_ms: int | None = None
) -> Feed:
    """Group events, given newest first, by day. `fates`: what is known of their deliveries."""
    rows = [replace(row(event), marks=marks(fates.get(event.name, ()))) for event in events]
    grouped = groupby(rows, key=lambda r: r.at.day if r.at else "")
    days = tuple(Day(date, _day_title(date, now_ms), folded(some)) for date, some in grouped)
    return Feed(days, older, moments.ago(looked_to_ms))


def row(event: Event) -> Row:
    """One row of any entry, sound or not."""
    gap = AFTER_FAILOVER if event.fields.get("afterFailover") else None
    return replace(_of_kind(event), gap=gap)


def _of_kind(event: Event) -> Row:
    if event.kind == TRANSITION and event.fields.get("toState"):
        return _transition(event)
    if event.kind == ERROR and event.fields.get("error"):
        return _error(event)
    return _other(event)


def _head(event: Event, kind: str, who: tuple[str, ...]) -> Row:
    """What rows of every kind have."""
    called = words.plain(event.exchange.display_name, words.NAME_LIMIT)
    return Row(event.name, _element_id(event), called, kind, moments.ago(event.at_ms), who)


def _transition(event: Event) -> Row:
    fields = event.fields
    downtime, failed = _whole(fields.get("downtimeMs")), failure(fields.get("reason"))
    return replace(
        _head(event, "transition", _who(event)),
        before=badges.of_state(fields.get("fromState")),
        after=badges.of_state(fields.get("toState")),
        reason=_reason(event, failed),
        ending=endings.ending(event),
        downtime=None if downtime is None else words.span(downtime),
        failed=failed.what if failed else None,
    )


def _error(event: Event) -> Row:
    state, error = event.fields.get("state"), words.plain(event.fields["error"], ERROR_LIMIT)
    return replace(
        _head(event, "error", _who(event)),
        after=badges.of_state(state) if state else None,
        error=error,
        opening=words.opening(error),
        count=max(_whole(event.fields.get("count")) or 1, 1),
    )


def _other(event: Event) -> Row:
    named = f"Unknown event {words.plain(event.kind, 40)}" if event.kind else "Not an event"
    pairs = [pair for pair in event.fields.items() if pair[0] != "event"][:JUNK_FIELDS]
    return replace(
        _head(event, "other", ()),
        title=named,
        fields=tuple(Fact(words.plain(key, 40), words.plain(value, JUNK_LIMIT) or None) for key, value in pairs),
    )


def _reason(event: Event, failed: Failure | None) -> str | None:
    reason = failed.why if failed else event.fields.get("reason")
    if not reason:
        return None
    return REASONS.get(reason) or words.plain(reason, REASON_LIMIT)


def _who(event: Event) -> tuple[str, ...]:
    given = (event.fields.get(key) for key in ("hostname", "ip", "adminEmail"))
    return tuple(words.plain(text, 120) for text in given if text)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _element_id(event: Event) -> str:
    return f"event-{event.exchange.name}-{event.stream_id}"


def _day_title(date: str, now_ms: int) -> str:
    return moments.day_title(date, now_ms) if date else "At a time that no calendar holds"

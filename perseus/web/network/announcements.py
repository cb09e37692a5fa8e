"""What changed, for those who cannot see it change: a sentence for each exchange whose state is another.

Sent with a poll and not in the page, so that an unchanged network gives an unchanged body. `static/js/said.js` says
each change once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from flask import Response

from perseus.network.log.activity import TRANSITION, Event
from perseus.web import moments, words
from perseus.web.card import badges

HEADER = "HX-Trigger"
NAME = "network:changed"
TOLD_MS = 5 * words.MINUTE  # a tab that backs off asks once a minute
WORDED = 5  # of more at once the reader is told only the number, and headers stay small


def changes(events: Iterable[Event], now_ms: int) -> tuple[Event, ...]:
    """The newest state change of each exchange within the last five minutes. `events`: newest first."""
    newest: dict[str, Event] = {}
    for event in events:
        if now_ms - event.at_ms >= TOLD_MS:
            break
        if event.kind == TRANSITION:
            newest.setdefault(event.exchange.name, event)
    return tuple(newest.values())


def announce(response: Response, events: Iterable[Event], now_ms: int) -> None:
    """Let the answer to a poll carry what changed, oldest first: name of the event, of the exchange, one sentence."""
    found = changes(events, now_ms)
    if not found:
        return
    is_worded = len(found) <= WORDED
    told = [{"id": e.name, "of": e.exchange.name, "text": sentence(e) if is_worded else ""} for e in reversed(found)]
    response.headers[HEADER] = json.dumps({NAME: told}, separators=(",", ":"))


def sentence(event: Event) -> str:
    """`Coinbase: active to offline, 14:03:07 UTC.`"""
    name = words.plain(event.exchange.display_name, words.NAME_LIMIT)
    before, after = (_word(event.fields.get(key)) for key in ("fromState", "toState"))
    at = moments.ago(event.at_ms)
    return f"{name}: {before} to {after}{f', {at.clock} UTC' if at else ''}."


def _word(state: str | None) -> str:
    badge = badges.of_state(state)
    return badge.word.lower()

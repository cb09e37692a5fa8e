"""What changed, for those who cannot see it change: a sentence for each exchange whose state is another.

Sent with a poll and not in the page, so that an unchanged network gives an unchanged body. `static/js/said.js` says
each change once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Response

from perseus.network.activity import TRANSITION, Event
from perseus.web import badges, moments, words

HEADER = "HX-Trigger"
NAME = "network:changed"
TOLD_MS = 5 * words.MINUTE  # a tab that backs off asks once a minute
WORDED = 5  # of more at once the reader is told only the number, and headers stay small


@dataclass(frozen=True, slots=True)
class Change:
    """The newest change of one exchange. `event` is its name (`<exchange>:<stream id>`); `text` is one sentence."""

    event: str
    exchange: str
    text: str


def changes(events: Iterable[Event], now_ms: int) -> tuple[Change, ...]:
    """The newest state change of each exchange within the last five minutes. `events`: newest first."""
    newest: dict[str, Event] = {}
    for event in events:
        if event.kind == TRANSITION and now_ms - event.at_ms < TOLD_MS:
            newest.setdefault(event.exchange.name, event)
    return tuple(Change(event.name, name, _sentence(event)) for name, event in newest.items())


def announce(response: Response, events: Iterable[Event], now_ms: int) -> None:
    """Let the answer to a poll carry what changed, oldest first."""
    found = changes(events, now_ms)
    if not found:
        return
    told = [{"id": c.event, "of": c.exchange, "text": c.text if len(found) <= WORDED else ""} for c in found[::-1]]
    response.headers[HEADER] = json.dumps({NAME: told}, separators=(",", ":"))


def _sentence(event: Event) -> str:
    name = words.plain(event.exchange.display_name, words.NAME_LIMIT)
    before, after = (_word(event.fields.get(key)) for key in ("fromState", "toState"))
    at = moments.ago(event.at_ms)
    return f"{name}: {before} to {after}{f', {at.clock} UTC' if at else ''}."


def _word(state: str | None) -> str:
    badge = badges.of_state(state)
    return badge.word.lower()

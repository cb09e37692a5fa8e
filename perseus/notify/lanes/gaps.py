"""Logs that are not what they were when a destination last read them: emptied, begun anew, set back. Pure.

Events that were trimmed are counted by the planner, from their numbers; here is what no number tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.lanes.position import number
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.planning.steps import Step
from perseus.notify.texts import wording
from perseus.notify.told.records import place
from perseus.notify.told.standing import Mark

ANEW = "its log was emptied and begins anew: events may be lost"
BACK = "its log ends before what was delivered last, as after a clock that was set back: events may be lost"


def begun_anew(marks: Mapping[str, Mark], pending: Mapping[str, Sequence[Event]]) -> Iterator[str]:
    """Exchanges whose next event has a number that was delivered already."""
    for name, events in pending.items():
        last, following = marks.get(name), number(events[0].fields.get("seq"))
        if last is not None and last.seq is not None and following is not None and following <= last.seq:
            yield name


def set_back(marks: Mapping[str, Mark], newest: Mapping[str, Mark]) -> Iterator[str]:
    """Exchanges whose log has events, all of them before the last that was delivered."""
    for name, mark in marks.items():
        last = newest.get(name)
        if last is not None and (0, 0) < place(last.stream_id) < place(mark.stream_id):
            yield name


def resumption(events: Sequence[Event], decided: frozenset[str]) -> str:
    """Where to go on in a log that was set back: behind the first of `events`, newest first, that was decided on."""
    known = next((event.stream_id for event in events if event.name in decided), None)
    return known or "0-0"


def told(destination: str, exchange: Exchange, why: str, at_ms: int) -> Step:
    """The message that says so."""
    name = wording.name(exchange)
    message = Notification(
        id=wording.identity(destination, Kind.GAP, exchange.name, at_ms),
        kind=Kind.GAP,
        severity=Severity.WARNING,
        title=f"{name}: the log does not continue",
        text=f"For {name}, {why}.",
        at_ms=at_ms,
        exchange=exchange,
    )
    return Step(notifications=(message,))

"""`/network/events/<name>`: one event with all its fields, and for each destination what became of it and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response

from perseus.network.activity import Event
from perseus.web import attempts, feed, moments, words
from perseus.web.attempts import Told
from perseus.web.facts import Fact
from perseus.web.feedrow import Row
from perseus.web.moments import Moment
from perseus.web.polled import polled
from perseus.web.site import outbound
from perseus.web.templating import Context

FIELD_LIMIT = 4_000
FIELDS_SHOWN = 60

routes = Blueprint("events", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """The event as a row of the feed, all its fields, and its destinations."""

    row: Row
    fields: tuple[Fact, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class EventPage(Context):
    """`event.html`."""

    template: ClassVar[str] = "event.html"
    title: str
    as_of: Moment | None
    now_ms: int
    shown: Shown


@dataclass(frozen=True, slots=True)
class EventPart(Context):
    """`event_live.html`."""

    template: ClassVar[str] = "event_live.html"
    title: str
    shown: Shown


@routes.get("/network/events/<name>")
def event(name: str) -> Response:
    """One event."""
    explainer = outbound().explainer
    found = explainer.event(name)
    shown = Shown(feed.row(found), _fields(found), tuple(attempts.told(one) for one in explainer.everywhere(found)))
    now_ms = outbound().ledger.now_ms()
    title = f"Event of {shown.row.exchange} · Network"
    return polled(EventPage(title, moments.ago(now_ms), now_ms, shown), EventPart(title, shown), now_ms)


def _fields(found: Event) -> tuple[Fact, ...]:
    pairs = [("name", found.name), *found.fields.items()][:FIELDS_SHOWN]
    return tuple(Fact(words.plain(key, 60), words.plain(value, FIELD_LIMIT) or None, code=True) for key, value in pairs)

"""`/network/events/<name>`: one event with all its fields, and for each destination what became of it and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response

from perseus.network.log.activity import Event
from perseus.web import moments, words
from perseus.web.card.facts import Fact
from perseus.web.feed import attempts, endings
from perseus.web.feed import rows as feed
from perseus.web.feed.attempts import Told
from perseus.web.feed.row import Row
from perseus.web.polled import PolledPage, PolledPart, polled
from perseus.web.site import outbound, site

FIELD_LIMIT = 4_000
FIELDS_SHOWN = 60

routes = Blueprint("events", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """The event as a row of the feed, all its fields, and its destinations.

    `beat`: a sentence about the last heartbeat of the lease that ended, None where that is not known any more.
    """

    row: Row
    beat: str | None
    fields: tuple[Fact, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class EventPage(PolledPage):
    """`event.html`."""

    template: ClassVar[str] = "event.html"
    shown: Shown


@dataclass(frozen=True, slots=True)
class EventPart(PolledPart):
    """`event_live.html`."""

    template: ClassVar[str] = "event_live.html"
    shown: Shown


@routes.get("/network/events/<name>")
def event(name: str) -> Response:
    """One event."""
    explainer = outbound().explainer
    found = explainer.event(name)
    told = tuple(attempts.told(one) for one in explainer.everywhere(found))
    shown = Shown(feed.row(found), _last_heartbeat(found), _fields(found), told)
    now_ms = outbound().ledger.now_ms()
    title = f"Event of {shown.row.exchange} · Network"
    return polled(EventPage(title, moments.ago(now_ms), now_ms, shown), EventPart(title, shown), now_ms)


def _last_heartbeat(found: Event) -> str | None:
    """As the last record has it, which is of the newest lease alone."""
    token = found.fields.get("fencingToken") or ""
    if not found.is_death_of(token) or found.fields.get("reason") == endings.RESTARTED:
        return None
    for one in site().shared.view().exchanges:
        if one.exchange.name == found.exchange.name and one.status and one.status.fencing_token == token:
            return endings.last_heartbeat(moments.read(one.status.last_heartbeat), found)
    return None


def _fields(found: Event) -> tuple[Fact, ...]:
    pairs = [("name", found.name), *found.fields.items()][:FIELDS_SHOWN]
    return tuple(Fact(words.plain(key, 60), words.plain(value, FIELD_LIMIT) or None, code=True) for key, value in pairs)

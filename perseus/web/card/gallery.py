"""`/gallery`: every component of the pages in every state, for whoever works on how they look.

Closed (404) unless `PERSEUS_GALLERY` is on: what it shows is made up, and might be taken for the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, abort, current_app
from markupsafe import Markup

from perseus.clock import SystemClock
from perseus.web import moments
from perseus.web.card import badges, cards, samples
from perseus.web.card.badges import Badge
from perseus.web.card.kept import Kept
from perseus.web.card.samples import Samples
from perseus.web.feed import rows as feed
from perseus.web.feed.marks import SHOWN
from perseus.web.feed.rows import Day
from perseus.web.forms import Choice, Field
from perseus.web.network import summary
from perseus.web.network.notices import Notice
from perseus.web.network.summary import Summary
from perseus.web.site import site
from perseus.web.templating import Context, render

FIRST_OF = {"card": 1, "dense": 101, "wall": 201}
WHO = ("ops-discord",)
NOTICES = (
    Notice("danger", "The data store does not answer", "All below is as read at 14:03:22 UTC, and no longer current."),
    Notice("danger", "The doctor found 1 grave fault", "The data store may evict leases.", more="/doctor"),
    Notice("warning", "The feed is not complete", "kraken wrote more than an activity log holds."),
    Notice("info", "The data store was emptied", "Running instances return by themselves. Mark it:", "perseus init"),
)
CHOICES = (Choice("every event", True), Choice("transitions", False))

routes = Blueprint("gallery", __name__)


@dataclass(frozen=True, slots=True)
class GalleryPage(Context):
    """`gallery.html`. `looks`: cards by look."""

    template: ClassVar[str] = "gallery.html"
    title: str
    badges: tuple[Badge, ...]
    summary: Summary
    looks: dict[str, tuple[Markup, ...]]
    notices: tuple[Notice, ...]
    days: tuple[Day, ...]
    fields: tuple[Field, ...]


@routes.get("/gallery")
def page() -> Response:
    """The whole page; nothing on it is polled."""
    if not site().gallery:
        abort(404)
    now_ms = SystemClock().wall_ms()
    html = render(
        GalleryPage(
            title="Gallery",
            badges=badges.RANKED,
            summary=_summary(now_ms),
            looks={look: _drawn(look, now_ms) for look in FIRST_OF},
            notices=NOTICES,
            days=_days(now_ms),
            fields=_fields(),
        )
    )
    return Response(moments.Timed(html).at(now_ms))


def _drawn(look: str, now_ms: int) -> tuple[Markup, ...]:
    made = Samples(now_ms, FIRST_OF[look])
    some = made.all()
    added = {status.exchange.id: additions for status, additions in some}
    kept = Kept(current_app.jinja_env, lambda status, _: added[status.exchange.id], site().limits, made.history)
    statuses = [status for status, _ in some]
    return tuple(drawn.acting.at(now_ms) for drawn in kept.cards(statuses, now_ms, look, made.hosts(statuses)))


def _summary(now_ms: int) -> Summary:
    return summary.summary([cards.card(cards.outlook(status, now_ms)) for status, _ in Samples(now_ms).all()])


def _days(now_ms: int) -> tuple[Day, ...]:
    some = samples.events(now_ms)
    fates = {some[0].name: tuple((fate, WHO) for fate in SHOWN)}
    return feed.feed(some, None, now_ms, fates).days


def _fields() -> tuple[Field, ...]:
    return (
        _field("name", "Name", "text", value="ops-discord", help="Letters, digits and dashes.", is_required=True),
        _field("url", "Webhook", "secret", is_kept=True),
        _field("limit", "Messages a minute", "number", value="-3", error="must be 1 or more"),
        _field("which", "What it is told", "select", is_required=True, choices=CHOICES),
        _field("words", "Words", "list", value="lost\nfailed"),
        _field("on", "Send to it", "checkbox", is_on=True),
    )


def _field(name: str, label: str, type: str, **given: object) -> Field:
    empty = {"help": "", "is_required": False, "value": "", "is_on": False, "choices": (), "minimum": "", "maximum": ""}
    return Field(name=name, label=label, type=type, **{**empty, "step": "1", "is_kept": False, "error": "", **given})  # type: ignore[arg-type]

"""`/network`: the page, its polled part, and older pages of its feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from perseus.network.activity import Event
from perseus.network.directory import NetworkView
from perseus.web import announcements, cards, feed, htmx, moments, notices, summary
from perseus.web.deliverymarks import Fates, of_past
from perseus.web.feed import Feed
from perseus.web.kept import kept
from perseus.web.moments import Moment
from perseus.web.notices import Notice
from perseus.web.polled import NOW_HEADER
from perseus.web.site import site
from perseus.web.summary import Summary
from perseus.web.templating import Context, render

PAGE_EVENTS = 50
NO_FATES: Fates = {}

routes = Blueprint("network", __name__)


@dataclass(frozen=True, slots=True)
class Live:
    """The part that is polled: the same for the first load and for every poll after it.

    `is_current` False: the store is silent, and all is as it was at `read_at` (None: it was never read).
    """

    notices: tuple[Notice, ...]
    summary: Summary
    cards: tuple[Markup, ...]
    feed: Markup
    is_current: bool
    read_at: Moment | None


@dataclass(frozen=True, slots=True)
class NetworkPage(Context):
    """`network.html`. `as_of`: when what it shows was read; the limits grade heartbeats between polls."""

    template: ClassVar[str] = "network.html"
    title: str
    as_of: Moment | None
    now_ms: int
    live: Live
    green_under_ms: int = cards.GREEN_UNDER_MS
    yellow_under_ms: int = cards.YELLOW_UNDER_MS


@dataclass(frozen=True, slots=True)
class LiveFragment(Context):
    """`live.html`."""

    template: ClassVar[str] = "live.html"
    title: str
    live: Live


@dataclass(frozen=True, slots=True)
class OlderPage(Context):
    """`older.html`: one page of older events for a browser without JavaScript."""

    template: ClassVar[str] = "older.html"
    title: str
    feed: Feed


@dataclass(frozen=True, slots=True)
class OlderFragment(Context):
    """`_older.html`: the same for htmx."""

    template: ClassVar[str] = "_older.html"
    feed: Feed


@routes.get("/")
def home() -> BaseResponse:
    """The Network page is the first page."""
    return redirect(url_for("network.page"))


@routes.get("/network")
def page() -> Response:
    """The whole page; complete without JavaScript."""
    view = site().shared.view()
    live = _live(view, _fates(view))
    as_of = moments.ago(view.now_ms) if live.is_current else live.read_at
    return Response(render(NetworkPage(summary.title(live.summary), as_of, view.now_ms, live)))


@routes.get("/network/live")
def live() -> Response:
    """The polled part. The store's time goes in a header, so that an unchanged network gives an unchanged body."""
    if not htmx.wants_fragment():
        return page()
    view = site().shared.view()
    fates = _fates(view)
    response = Response(site().body.of((view, site().known.trouble, fates), lambda: _fragment(view, fates)))
    response.headers[NOW_HEADER] = str(view.now_ms)
    announcements.announce(response, view.events, view.now_ms)
    return response


@routes.get("/network/feed")
def older() -> Response:
    """Events before the cursor `before`; without one, the newest."""
    before = request.args.get("before") or None
    found = site().directory.activity(PAGE_EVENTS, before, None)
    now_ms = site().shared.view().now_ms
    some = feed.feed(found.events, found.older, now_ms, _past_fates(found.events))
    context = OlderFragment(some) if htmx.wants_fragment() else OlderPage("Activity · Network", some)
    return Response(moments.Timed(render(context)).at(now_ms))


def _fates(view: NetworkView) -> Fates:
    outbound = site().outbound
    return outbound.marks.of(view.events) if outbound else NO_FATES


def _past_fates(events: tuple[Event, ...]) -> Fates:
    outbound = site().outbound
    return of_past(outbound.client, tuple(outbound.roster()), events) if outbound else NO_FATES


def _fragment(view: NetworkView, fates: Fates) -> str:
    part = _live(view, fates)
    return render(LiveFragment(summary.title(part.summary), part))


def _live(view: NetworkView, fates: Fates) -> Live:
    drawn = kept().cards(view.exchanges, view.now_ms)
    return Live(
        notices=notices.notices(view, site().known.trouble),
        summary=summary.summary([one.card for one in drawn]),
        cards=tuple(one.html.at(view.now_ms) for one in drawn),
        feed=kept().feed(view.events, view.older, view.now_ms, fates),
        is_current=view.store.answers,
        read_at=None if view.store.answers else moments.ago(view.read_at_ms),
    )

"""`/network`: the page and its polled part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from perseus.network.directory import NetworkView
from perseus.web import announcements, feedform, feedpart, htmx, moments, notices, summary
from perseus.web.beats import Limits
from perseus.web.deliverymarks import Fates
from perseus.web.feedfilter import FeedFilter
from perseus.web.kept import kept
from perseus.web.moments import Moment
from perseus.web.notices import Notice
from perseus.web.polled import NOW_HEADER
from perseus.web.site import site
from perseus.web.summary import Summary
from perseus.web.templating import Context, render

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
    """`network.html`. `as_of`: when what it shows was read; the limits grade heartbeats between polls.

    `query`: as in the address of the page; its polls carry it too.
    """

    template: ClassVar[str] = "network.html"
    title: str
    as_of: Moment | None
    now_ms: int
    live: Live
    limits: Limits
    query: str


@dataclass(frozen=True, slots=True)
class LiveFragment(Context):
    """`live.html`."""

    template: ClassVar[str] = "live.html"
    title: str
    live: Live


@routes.get("/")
def home() -> BaseResponse:
    """The Network page is the first page."""
    return redirect(url_for("network.page"))


@routes.get("/network")
def page() -> Response:
    """The whole page; complete without JavaScript."""
    view = site().shared.view()
    live = _live(view, _fates(view), request.args)
    as_of = moments.ago(view.now_ms) if live.is_current else live.read_at
    query = request.query_string.decode("latin-1")
    return Response(render(NetworkPage(summary.title(live.summary), as_of, view.now_ms, live, site().limits, query)))


@routes.get("/network/live")
def live() -> Response:
    """The polled part. The store's time goes in a header, so that an unchanged network gives an unchanged body."""
    if not htmx.wants_fragment():
        return page()
    view = site().shared.view()
    fates = _fates(view)
    if request.args:
        response = Response(_fragment(view, fates))
    else:
        response = Response(site().body.of((view, site().known.trouble, fates), lambda: _fragment(view, fates)))
    response.headers[NOW_HEADER] = str(view.now_ms)
    announcements.announce(response, view.events, view.now_ms)
    return response


def _fates(view: NetworkView) -> Fates:
    outbound = site().outbound
    return outbound.marks.of(view.events) if outbound else NO_FATES


def _fragment(view: NetworkView, fates: Fates) -> str:
    part = _live(view, fates, request.args)
    return render(LiveFragment(summary.title(part.summary), part))


def _live(view: NetworkView, fates: Fates, given: Mapping[str, str]) -> Live:
    exchanges = site().known()
    asked = FeedFilter.of(given, exchanges)
    form = feedform.form(asked, exchanges, feedform.PAGE, given.items())
    drawn = kept().cards(view.exchanges, view.now_ms)
    return Live(
        notices=notices.notices(view, site().known.trouble),
        summary=summary.summary([one.card for one in drawn]),
        cards=tuple(one.html.at(view.now_ms) for one in drawn),
        feed=feedpart.part().html(view, asked, form, fates),
        is_current=view.store.answers,
        read_at=None if view.store.answers else moments.ago(view.read_at_ms),
    )

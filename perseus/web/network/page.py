"""`/network`: the page and its polled part."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.network.view.directory import NetworkView
from perseus.web import htmx, moments, parameters
from perseus.web.card.beats import Limits
from perseus.web.feed import part as feedpart
from perseus.web.feed.filter import FeedFilter
from perseus.web.feed.marks import Fates
from perseus.web.network import announcements, held, shortway, summary
from perseus.web.network import live as livepart
from perseus.web.network import past as pastpage
from perseus.web.network import tools as viewtools
from perseus.web.network.live import Live
from perseus.web.network.query import NAMES, PageQuery
from perseus.web.network.sharedbody import Body
from perseus.web.network.tools import ViewTools
from perseus.web.people.guard import may
from perseus.web.polled import NOW_HEADER, PolledPage, PolledPart
from perseus.web.site import site
from perseus.web.templating import render

routes = Blueprint("network", __name__)


@dataclass(frozen=True, slots=True)
class NetworkPage(PolledPage):
    """`network.html`. `limits`: they grade heartbeats between polls. `query`: as in the address; polls carry it too."""

    template: ClassVar[str] = "network.html"
    live: Live
    limits: Limits
    query: str
    tools: ViewTools


@dataclass(frozen=True, slots=True)
class LiveFragment(PolledPart):
    """`live.html`."""

    template: ClassVar[str] = "live.html"
    live: Live


@routes.get("/")
def home() -> BaseResponse:
    """The Network page is the first page."""
    return redirect(url_for("network.page"))


@routes.get("/network")
def page() -> Response:
    """The whole page; complete without JavaScript."""
    query, asked = _asked()
    if query.at_ms is not None:
        return pastpage.page(query, query.at_ms, asked)
    view, _, fates = site().now()
    live = livepart.live(view, fates, query, asked, acts=may(Role.OPERATOR))
    as_of = moments.ago(view.now_ms) if live.is_current else live.read_at
    tools = viewtools.tools(query, live.look)
    shown = NetworkPage(summary.title(live.summary), as_of, view.now_ms, live, site().limits, query.query, tools)
    return Response(render(shown))


@routes.get("/network/live")
def live() -> Response:
    """The polled part. The store's time goes in a header, so that an unchanged network gives an unchanged body."""
    query, asked = _asked()
    if query.at_ms is not None or not htmx.wants_fragment():
        return page()
    now = view, _, fates = request.environ.get(shortway.NOW) or site().now()
    if asked and not query.is_wall:
        feedpart.part().look_ahead(view, asked)  # all viewers wait while a body is drawn, and this may take a search
    holds = request.headers.get(held.HEADER, "")
    has = site().held.of(holds)
    acts = may(Role.OPERATOR)
    question = (query.query, holds if has else "", "acts" if acts else "")
    body = site().body.of(question, now, lambda: _fragment(view, fates, query, asked, has, acts))
    response = Response(body.content)
    response.headers[NOW_HEADER] = str(view.now_ms)
    response.headers[held.HEADER] = body.holds
    announcements.announce(response, view.events, view.now_ms)
    return response


def _asked() -> tuple[PageQuery, FeedFilter]:
    """What this request asks for. Raises BadParameter: an unknown filter that is ignored would show a lie."""
    given = parameters.query(NAMES)
    return PageQuery.of(given), FeedFilter.of(given, site().known())


def _fragment(
    view: NetworkView, fates: Fates, query: PageQuery, asked: FeedFilter, has: AbstractSet[str], acts: bool
) -> Body:
    part = livepart.live(view, fates, query, asked, has, acts=acts)
    return Body(render(LiveFragment(summary.title(part.summary), part)).encode(), part.holds)

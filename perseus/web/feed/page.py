"""`/network/feed`: the feed page by page, whole for a browser without JavaScript, rows alone for htmx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response

from perseus.web import htmx, moments
from perseus.web.feed import form as feedform
from perseus.web.feed import rows as feed
from perseus.web.feed.filter import NAMES, FeedFilter
from perseus.web.feed.form import FeedForm
from perseus.web.feed.newest import PAGE_EVENTS
from perseus.web.feed.part import past_fates
from perseus.web.feed.rows import Feed
from perseus.web.parameters import query
from perseus.web.site import site
from perseus.web.templating import Context, render

routes = Blueprint("feed", __name__)


@dataclass(frozen=True, slots=True)
class FeedPage(Context):
    """`older.html`: one page of the feed. `is_newest`: it is the first one."""

    template: ClassVar[str] = "older.html"
    title: str
    feed: Feed
    form: FeedForm
    is_newest: bool


@dataclass(frozen=True, slots=True)
class OlderFragment(Context):
    """`_older.html`: the same for htmx."""

    template: ClassVar[str] = "_older.html"
    feed: Feed
    form: FeedForm


@routes.get("/network/feed")
def page() -> Response:
    """What the filter lets through, behind the cursor `before`; without one, the newest."""
    given = query((*NAMES, "before"))
    exchanges = site().known()
    asked, before = FeedFilter.of(given, exchanges), given.get("before") or None
    found = site().directory.search(asked.search, PAGE_EVENTS, before)
    now_ms = site().shared.view().now_ms
    shown = feed.feed(found.events, found.older, now_ms, past_fates(found.events), found.looked_to_ms)
    form = feedform.form(asked, exchanges, feedform.FEED)
    if htmx.wants_fragment():
        return Response(moments.Timed(render(OlderFragment(shown, form))).at(now_ms))
    context = FeedPage("Activity · Network", shown, form, before is None)
    return Response(moments.Timed(render(context)).at(now_ms))

"""The feed as the Network page has it: its newest page, by filter, drawn again only when it is another."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from flask import current_app
from jinja2 import Environment
from markupsafe import Markup

from perseus.clock import Clock, SystemClock
from perseus.network.log.activity import Event
from perseus.network.log.searching import Found
from perseus.network.view.directory import NetworkView
from perseus.web import words
from perseus.web.feed import rows as feed
from perseus.web.feed.fates import PastFates, Read
from perseus.web.feed.filter import FeedFilter
from perseus.web.feed.form import FeedForm
from perseus.web.feed.marks import Fates, of_past
from perseus.web.feed.newest import FILTERS_KEPT, Find, Newest
from perseus.web.feed.rows import Feed
from perseus.web.moments import Timed
from perseus.web.network.marked import marked
from perseus.web.site import site

NAME = "perseus.feed"
MACHINE = SystemClock()


class DrawnFeed(NamedTuple):
    """The feed's HTML; `shell` without the page of events, for a browser that has one of this `mark`."""

    mark: str
    html: Timed
    shell: Timed


class FeedPart:
    """One app's. `past` reads what became of events that the marks of the newest ones do not know."""

    def __init__(self, environment: Environment, find: Find, past: Read, clock: Clock = MACHINE) -> None:
        self._environment = environment
        self._newest = Newest(find, clock)
        self._past = PastFates(past, clock)
        self._drawn: OrderedDict[str, tuple[tuple[object, ...], DrawnFeed]] = OrderedDict()

    def drawn(self, view: NetworkView, asked: FeedFilter, form: FeedForm, fates: Fates) -> DrawnFeed:
        """The newest page of what that filter lets through. `fates`: what is known of the events of the view."""
        found = self._newest.of(view, asked.search)
        fates = self._with_past(fates, found, view) if asked and found else fates
        key = (found, view.now_ms // words.DAY, fates, form)
        kept = self._drawn.pop(form.query, None)
        if kept is None or kept[0] != key:
            kept = key, self._draw(_feed(found, view.now_ms, fates), form)
        self._drawn[form.query] = kept
        while len(self._drawn) > FILTERS_KEPT:
            self._drawn.popitem(last=False)
        return kept[1]

    def feed(self, view: NetworkView, asked: FeedFilter, fates: Fates) -> Feed:
        """The same for a page that draws it in its own way."""
        found = self._newest.of(view, asked.search)
        return _feed(found, view.now_ms, self._with_past(fates, found, view) if found else fates)

    def look_ahead(self, view: NetworkView, asked: FeedFilter) -> None:
        """Read what `html` will need, which may take a search: for callers who draw where others wait for them."""
        found = self._newest.of(view, asked.search)
        if asked and found:
            self._with_past({}, found, view)

    def _with_past(self, fates: Fates, found: Found, view: NetworkView) -> Fates:
        followed = {event.name for event in view.events}
        older = [event for event in found.events if event.name not in followed]
        return {**self._past.of(older, asks=view.store.answers), **fates}

    def _draw(self, shown: Feed, form: FeedForm) -> DrawnFeed:
        module: Any = self._environment.get_template("_feed.html").module
        page = marked(module.page(shown, form))
        return DrawnFeed(page.mark, *(Timed(module.newest(form, Markup(part))) for part in (page.html, page.shell)))


def _feed(found: Found | None, now_ms: int, fates: Fates) -> Feed:
    if found is None:
        return Feed((), None, is_read=False)
    return feed.feed(found.events, found.older, now_ms, fates, found.looked_to_ms)


def past_fates(events: Sequence[Event]) -> Fates:
    """What became of these events, read for this call. Raises StoreUnavailable, StoreRefused."""
    outbound = site().outbound
    return of_past(outbound.client, tuple(outbound.roster()), events) if outbound else {}


def part() -> FeedPart:
    """That of the app that answers the current request."""
    made = current_app.extensions.get(NAME)
    if made is None:
        find = site().directory.search
        made = current_app.extensions[NAME] = FeedPart(current_app.jinja_env, find, past_fates)
    return cast(FeedPart, made)

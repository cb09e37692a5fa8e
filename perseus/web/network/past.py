"""`/network?at=`: the network as it was at a moment, told by the activity logs. It is not polled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from flask import Response, current_app
from markupsafe import Markup

from perseus.network.log.activity import RETENTION_MS
from perseus.network.view.past import PastNetwork
from perseus.web import moments, words
from perseus.web.card.kept import kept
from perseus.web.feed import form as feedform
from perseus.web.feed import rows as feed
from perseus.web.feed.filter import FeedFilter
from perseus.web.moments import Timed
from perseus.web.network import emptiness, summary
from perseus.web.network import live as livepart
from perseus.web.network import tools as viewtools
from perseus.web.network.emptiness import Empty
from perseus.web.network.query import PageQuery
from perseus.web.network.summary import Summary
from perseus.web.network.tools import ViewTools
from perseus.web.problems import BadParameter
from perseus.web.site import site
from perseus.web.templating import Context, render

PAGE_EVENTS = 50
STEPS = ((-words.HOUR, "1 h earlier"), (-10 * words.MINUTE, "10 min earlier"), (10 * words.MINUTE, "10 min later"),
         (words.HOUR, "1 h later"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A link to another moment."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class PastPage(Context):
    """`past.html`. `at`: the moment, exact in UTC; `steps` lead to others, `now` to the present."""

    template: ClassVar[str] = "past.html"
    title: str
    at: str
    steps: tuple[Step, ...]
    now: str
    query: PageQuery
    tools: ViewTools
    summary: Summary
    said: str | None
    look: str
    cards: tuple[Markup, ...]
    empty: Empty | None
    feed: Markup


def page(query: PageQuery, at_ms: int, asked: FeedFilter) -> Response:
    """The page of that moment. Raises BadParameter for one that no log tells of, StoreUnavailable, StoreRefused."""
    exact, past = read(at_ms)
    seen = kept().seen(past.view.exchanges, at_ms)
    wanted = livepart.matching(seen, query)
    look = query.look_of(len(wanted))
    shown = PastPage(
        f"Network at {exact} UTC",
        exact,
        steps(past, lambda at: query.href(at=at)),
        query.href(at=None),
        query,
        viewtools.tools(query, look),
        summary.summary([one.outlook for one in seen]),
        livepart.said(len(wanted), len(seen), query),
        look,
        tuple(kept().past_card(one, look, at_ms) for one in wanted),
        emptiness.empty(
            len(seen), len(wanted), query, database_answers=site().known.trouble is None, off=site().known.off
        ),
        livepart.NO_FEED if query.is_wall else _feed(past, query, asked),
    )
    return Response(render(shown))


def read(at_ms: int, exchange: str | None = None) -> tuple[str, PastNetwork]:
    """That moment in words, and how the network was, or one exchange of it.

    Raises BadParameter, UnknownExchange, StoreUnavailable, StoreRefused.
    """
    exact = _exact(at_ms)
    past = site().directory.past(at_ms, PAGE_EVENTS, exchange)
    _within(at_ms, past.view.read_at_ms or at_ms)
    return exact, past


def _exact(at_ms: int) -> str:
    exact = moments.utc(at_ms)
    if exact is None:
        raise BadParameter("at", "must be a time that a calendar holds.")
    return exact


def _within(at_ms: int, now_ms: int) -> None:
    if at_ms > now_ms:
        raise BadParameter("at", f"lies ahead: it is {moments.utc(now_ms)} UTC now.")
    if at_ms < now_ms - RETENTION_MS:
        raise BadParameter("at", "lies more than 90 days back: no log reaches so far.")


def steps(past: PastNetwork, href: Callable[[str | None], str]) -> tuple[Step, ...]:
    """To other moments of it; `href` gives the address of one."""
    at_ms, now_ms = past.view.now_ms, past.view.read_at_ms or past.view.now_ms
    moves = [(past.previous_ms - 1, "Before the last change")] if past.previous_ms is not None else []
    moves += [(at_ms + by_ms, label) for by_ms, label in STEPS]
    moves += [(past.next_ms, "After the next change")] if past.next_ms is not None else []
    return tuple(
        Step(label, href(moments.iso(to_ms))) for to_ms, label in moves if now_ms - RETENTION_MS <= to_ms <= now_ms
    )


def _feed(past: PastNetwork, query: PageQuery, asked: FeedFilter) -> Markup:
    """What had happened until then. Not by way of what is kept of the present one."""
    view, events, older, looked_to_ms = past.view, past.view.events, past.view.older, None
    if asked:
        end_ms = view.now_ms + 1
        search = replace(asked.search, to_ms=min(asked.search.to_ms or end_ms, end_ms))
        found = site().directory.search(search, PAGE_EVENTS)
        events, older, looked_to_ms = found.events, found.older, found.looked_to_ms
    form = feedform.form(asked, site().known(), feedform.PAGE, query.given)
    shown = feed.feed(events, older, view.now_ms, {}, looked_to_ms)
    module: Any = current_app.jinja_env.get_template("_feed.html").module
    return Timed(module.newest(form, module.page(shown, form))).at(view.now_ms)

"""The part of the Network page that is polled: banners, summary, the cards that are asked for, the feed."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from markupsafe import Markup

from perseus.network.view.directory import NetworkView
from perseus.web import moments, words
from perseus.web.card.kept import Seen, kept
from perseus.web.feed import form as feedform
from perseus.web.feed import part as feedpart
from perseus.web.feed.filter import FeedFilter
from perseus.web.feed.marks import Fates
from perseus.web.feed.part import DrawnFeed
from perseus.web.moments import Moment
from perseus.web.network import emptiness, held, notices, summary
from perseus.web.network.emptiness import Empty
from perseus.web.network.notices import Notice
from perseus.web.network.query import PageQuery
from perseus.web.network.summary import Summary
from perseus.web.site import site

NO_FEED = Markup("")


@dataclass(frozen=True, slots=True)
class Live:
    """The same for the first load and for every poll after it.

    `summary` counts all exchanges, whatever the filter. `said`: what the filter lets through, None without one.
    `look` is a macro of `_card.html`. `empty` stands where there are no cards. `holds`: `perseus.web.network.held`.
    `is_current` False: the store is silent, and all is as it was at `read_at` (None: it was never read).
    """

    query: PageQuery
    notices: tuple[Notice, ...]
    summary: Summary
    said: str | None
    look: str
    cards: tuple[Markup, ...]
    holds: str
    empty: Empty | None
    feed: Markup
    is_current: bool
    read_at: Moment | None


def live(
    view: NetworkView,
    fates: Fates,
    query: PageQuery,
    asked: FeedFilter,
    has: AbstractSet[str] = held.NONE,
    *,
    acts: bool = False,
) -> Live:
    """That part of this view, as `query` and the feed's filter `asked` want it, for a browser that `has` some cards.

    `acts`: for somebody who may act.
    """
    trouble = site().known.trouble
    seen = kept().seen(view.exchanges, view.now_ms, view.hosts)
    wanted = matching(seen, query)
    look = query.look_of(len(wanted))
    drawn = [kept().card(one, look) for one in wanted]
    events = None if query.is_wall else _feed(view, fates, query, asked)
    return Live(
        query,
        notices.notices(view, site().database_trouble, site().examined, acts=acts),
        summary.summary([one.outlook for one in seen]),
        said(len(wanted), len(seen), query),
        look,
        tuple(one.shell if one.mark in has else one.of(acts).at(view.now_ms) for one in drawn),
        site().held.name([one.mark for one in drawn] + ([events.mark] if events else [])),
        emptiness.empty(len(seen), len(wanted), query, database_answers=trouble is None, off=site().known.off),
        NO_FEED if events is None else (events.shell if events.mark in has else events.html).at(view.now_ms),
        view.store.answers,
        None if view.store.answers else moments.ago(view.read_at_ms),
    )


def matching(seen: Sequence[Seen], query: PageQuery) -> Sequence[Seen]:
    """Those whose cards are asked for."""
    return [one for one in seen if query.cards.matches(one.outlook)] if query.cards else seen


def said(shown: int, total: int, query: PageQuery) -> str | None:
    """What is shown of all, in words; None for all, or where nothing is."""
    if not query.cards or not shown:
        return None
    return f"{shown:,} of {words.counted(total, 'exchange')} shown: {query.cards.said}."


def _feed(view: NetworkView, fates: Fates, query: PageQuery, asked: FeedFilter) -> DrawnFeed:
    form = feedform.form(asked, site().known(), feedform.PAGE, query.given)
    return feedpart.part().drawn(view, asked, form, fates)

"""`/network/<exchange>?at=`: one exchange as it was at a moment, told by its activity log. It is not polled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from flask import Response
from markupsafe import Markup

from perseus.web import words
from perseus.web.card.kept import kept
from perseus.web.feed import rows as feed
from perseus.web.feed.rows import Feed
from perseus.web.moments import iso
from perseus.web.network import past as pastpage
from perseus.web.network.past import Step
from perseus.web.network.query import PAGE
from perseus.web.polled import still
from perseus.web.templating import Context


@dataclass(frozen=True, slots=True)
class PastInstance(Context):
    """`pastinstance.html`. `everything`: the network at the same moment; `activity`: its log until then."""

    template: ClassVar[str] = "pastinstance.html"
    title: str
    name: str
    at: str
    steps: tuple[Step, ...]
    now: str
    everything: str
    activity: str
    card: Markup
    feed: Feed


def page(name: str, at_ms: int) -> Response:
    """That exchange then. Raises BadParameter, UnknownExchange, StoreUnavailable, StoreRefused."""
    exact, past = pastpage.read(at_ms, name)
    (seen,) = kept().seen(past.view.exchanges, at_ms)
    called = words.plain(seen.status.exchange.display_name, words.NAME_LIMIT)
    shown = PastInstance(
        f"{called} at {exact} UTC",
        called,
        exact,
        pastpage.steps(past, lambda at: _href(f"{PAGE}/{name}", at=at)),
        f"{PAGE}/{name}",
        _href(PAGE, at=iso(at_ms)),
        _href(f"{PAGE}/feed", exchange=name, to=iso(at_ms + 1)),  # it ends before `to`
        kept().past_card(seen, "lone", at_ms),
        feed.feed(past.view.events, None, at_ms, {}, None),
    )
    return still(shown, at_ms)


def _href(path: str, **given: str | None) -> str:
    return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"

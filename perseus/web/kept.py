"""Cards and the feed as they were rendered last: what did not change since the last poll is not made again.

Their HTML holds marks where words depend on the time (`moments.Timed`), so it stays right.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app
from jinja2 import Environment
from markupsafe import Markup

from perseus.network.activity import Event
from perseus.network.directory import ExchangeStatus
from perseus.web import cards, feed, words
from perseus.web.additions import Additions
from perseus.web.cards import Card, Outlook
from perseus.web.deliverymarks import Fates
from perseus.web.moments import Timed

NAME = "perseus.kept"

Adding = Callable[[ExchangeStatus, Hashable], Additions]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card, its HTML, and what it was made from."""

    outlook: Outlook
    additions: Additions
    card: Card
    html: Timed


class Kept:
    """One app's. Safe from any thread: what two of them make at once is the same."""

    def __init__(self, environment: Environment, adding: Adding) -> None:
        self._environment = environment
        self._adding = adding
        self._cards: dict[int, Drawn] = {}
        self._feed: tuple[tuple[object, ...], Timed] = ((), Timed(""))

    def cards(self, statuses: Iterable[ExchangeStatus], now_ms: int) -> list[Drawn]:
        """A card for each exchange, problems first."""
        return sorted((self._card(status, now_ms) for status in statuses), key=lambda drawn: cards.place(drawn.card))

    def feed(self, events: tuple[Event, ...], older: str | None, now_ms: int, fates: Fates) -> Markup:
        """The newest events with what became of them, and the link to older ones."""
        key, html = (events, older, now_ms // words.DAY, fates), self._feed[1]
        if self._feed[0] != key:
            html = self._draw("_feed.html", "newest", feed.feed(events, older, now_ms, fates))
            self._feed = key, html
        return html.at(now_ms)

    def _card(self, status: ExchangeStatus, now_ms: int) -> Drawn:
        kept, outlook = self._cards.get(status.exchange.id), cards.outlook(status, now_ms)
        additions = self._adding(status, outlook)
        if kept is None or kept.outlook != outlook or kept.additions != additions:
            made = cards.card(outlook)
            html = self._draw("_card.html", "card", made, additions)
            kept = self._cards[status.exchange.id] = Drawn(outlook, additions, made, html)
        return kept

    def _draw(self, template: str, macro: str, *what: object) -> Timed:
        module: Any = self._environment.get_template(template).module
        return Timed(getattr(module, macro)(*what))


def kept() -> Kept:
    """What the app that answers the current request has kept."""
    return cast(Kept, current_app.extensions[NAME])

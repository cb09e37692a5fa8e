"""Cards as they were rendered last: what did not change since the last poll is not made again.

Their HTML holds marks where words depend on the time (`moments.Timed`), so it stays right.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app
from jinja2 import Environment

from perseus.network.directory import ExchangeStatus
from perseus.web import cards
from perseus.web.additions import Additions
from perseus.web.beats import LIMITS, Limits
from perseus.web.cards import Card, Outlook
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

    def __init__(self, environment: Environment, adding: Adding, limits: Limits = LIMITS) -> None:
        self._environment = environment
        self._adding = adding
        self._limits = limits
        self._cards: dict[tuple[int, str], Drawn] = {}

    def cards(self, statuses: Iterable[ExchangeStatus], now_ms: int, look: str = "card") -> list[Drawn]:
        """A card for each exchange, problems first. `look`: `card`, `dense` or `wall`, the macros of `_card.html`."""
        return sorted(
            (self._card(status, now_ms, look) for status in statuses), key=lambda drawn: cards.place(drawn.card)
        )

    def _card(self, status: ExchangeStatus, now_ms: int, look: str) -> Drawn:
        kept, outlook = self._cards.get((status.exchange.id, look)), cards.outlook(status, now_ms, limits=self._limits)
        additions = self._adding(status, outlook)
        if kept is None or kept.outlook != outlook or kept.additions != additions:
            made = cards.card(outlook)
            html = self._draw("_card.html", look, made, additions)
            kept = self._cards[status.exchange.id, look] = Drawn(outlook, additions, made, html)
        return kept

    def _draw(self, template: str, macro: str, *what: object) -> Timed:
        module: Any = self._environment.get_template(template).module
        return Timed(getattr(module, macro)(*what))


def kept() -> Kept:
    """What the app that answers the current request has kept."""
    return cast(Kept, current_app.extensions[NAME])

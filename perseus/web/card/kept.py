"""Cards as they were rendered last: what did not change since the last poll is not made again.

Their HTML holds marks where words depend on the time (`moments.Timed`), so it stays right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

from flask import current_app
from jinja2 import Environment
from markupsafe import Markup

from perseus.control.hosts import Report
from perseus.network.exchange import Exchange
from perseus.network.view.directory import ExchangeStatus
from perseus.web import moments
from perseus.web.card import attendance, cards
from perseus.web.card.additions import NONE, Additions
from perseus.web.card.attendance import NOBODY, Attendance
from perseus.web.card.beats import LIMITS, Limits
from perseus.web.card.cards import Card, Outlook
from perseus.web.card.record import Histories, Records
from perseus.web.moments import Timed
from perseus.web.network.marked import Marked, marked

NAME = "perseus.kept"
#: Around what is for operators alone. Private use, as in `moments`: nobody outside can write it into a page.
ACTS = "\ue001"
OF_OPERATORS = re.compile(f"{ACTS}.*?{ACTS}", re.DOTALL)

Adding = Callable[[ExchangeStatus, Hashable], Additions]


def no_history(_: Exchange) -> None:
    """Where nobody reads the logs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An exchange and what it comes to now: all that counting, ordering and filtering need."""

    status: ExchangeStatus
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card, its HTML, and what it was made from. `shell`: what is sent to a browser that has a card of this mark.

    `html` is for everybody; `acting`: with what operators may do.
    """

    outlook: Outlook
    additions: Additions
    card: Card
    mark: str
    html: Timed
    acting: Timed
    shell: Markup

    def of(self, acts: bool) -> Timed:
        """For somebody who may act, or may not."""
        return self.acting if acts else self.html


class Kept:
    """One app's. Safe from any thread: what two of them make at once is the same."""

    def __init__(
        self, environment: Environment, adding: Adding, limits: Limits = LIMITS, histories: Histories = no_history
    ) -> None:
        self._environment = environment
        self._adding = adding
        self._limits = limits
        self._records = Records(histories)
        self._cards: dict[tuple[int, str], Drawn] = {}

    def seen(self, statuses: Iterable[ExchangeStatus], now_ms: int, hosts: Iterable[Report] = ()) -> list[Seen]:
        """Each exchange, problems first. `hosts`: the processes that take commands. Nothing is drawn yet."""
        reports = tuple(hosts)
        known, idle = attendance.by_exchange(reports), attendance.idle(reports)
        some = [
            Seen(status, self._outlook(status, now_ms, known.get(status.exchange.id, NOBODY)._replace(idle=idle)))
            for status in statuses
        ]
        return sorted(some, key=lambda seen: cards.place(seen.outlook))

    def cards(
        self, statuses: Iterable[ExchangeStatus], now_ms: int, look: str = "card", hosts: Iterable[Report] = ()
    ) -> list[Drawn]:
        """A card for each exchange, problems first. `look`: one of the macros of `_card.html`."""
        return [self.card(seen, look) for seen in self.seen(statuses, now_ms, hosts)]

    def card(self, seen: Seen, look: str) -> Drawn:
        """The card of that exchange, drawn again only when it is another."""
        outlook = seen.outlook
        kept = self._cards.get((outlook.exchange.id, look))
        additions = self._adding(seen.status, outlook)
        if kept is None or kept.outlook != outlook or kept.additions != additions:
            made = cards.card(outlook)
            html = self._draw(look, made, additions)
            seen_by_all, acting = Timed(OF_OPERATORS.sub("", html.html)), Timed(html.html.replace(ACTS, ""))
            kept = Drawn(outlook, additions, made, html.mark, seen_by_all, acting, Markup(html.shell))
            self._cards[outlook.exchange.id, look] = kept
        return kept

    def _outlook(self, status: ExchangeStatus, now_ms: int, known: Attendance) -> Outlook:
        return cards.outlook(status, now_ms, self._records.of(status, now_ms), limits=self._limits, attendance=known)

    def past_card(self, seen: Seen, look: str, at_ms: int) -> Markup:
        """The card of a moment that is over: nothing is advised, plugins add nothing, and it is not kept.

        It leads to the exchange as it was then.
        """
        made = replace(cards.card(seen.outlook), advice=None, connects=False, stop=None, at=moments.iso(at_ms))
        return Timed(self._draw(look, made, NONE).html).at(at_ms)

    def _draw(self, look: str, *what: object) -> Marked:
        module: Any = self._environment.get_template("_card.html").module
        return marked(getattr(module, look)(*what))


def kept() -> Kept:
    """What the app that answers the current request has kept."""
    return cast(Kept, current_app.extensions[NAME])

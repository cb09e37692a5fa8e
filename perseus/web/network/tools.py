"""What stands above the cards and outside the poll: find, filter, look, time. Plain forms and links."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.web import moments
from perseus.web.card.filter import STATES, WORDS
from perseus.web.feed.form import Choice
from perseus.web.network.query import CARDS, DENSE, PAGE, WALL, PageQuery

LOOKS = ((CARDS, "Cards"), (DENSE, "Dense"), (WALL, "Wall"))


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at the cards; `href` leads to it."""

    label: str
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ViewTools:
    """`others`, `time_others`: what the filter's form and the form of the time carry along.

    `leave`: from the wall to how it looked before.
    """

    action: str
    find: str
    states: tuple[Choice, ...]
    is_filtered: bool
    everything: str
    others: tuple[tuple[str, str], ...]
    looks: tuple[Look, ...]
    is_wall: bool
    leave: str
    at: str
    time_others: tuple[tuple[str, str], ...]


def tools(query: PageQuery, look: str) -> ViewTools:
    """As `query` fills them; `look` is how the cards look."""
    at = moments.utc(query.at_ms)
    return ViewTools(
        PAGE,
        query["q"],
        tuple(Choice(state, WORDS[state], state == query["state"]) for state in STATES),
        bool(query.cards),
        query.href(state=None, q=None),
        query.others("state", "q"),
        tuple(Look(label, _href(query, token), token == look) for token, label in LOOKS),
        query.is_wall,
        query.href(wall=None),
        at.replace(" ", "T") if at else "",
        query.others("at"),
    )


def _href(query: PageQuery, look: str) -> str:
    if look == WALL:
        return query.href(wall="1")
    return query.href(wall=None, view="dense" if look == DENSE else "cards")

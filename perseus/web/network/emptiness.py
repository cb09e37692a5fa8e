"""What stands where cards would: why there are none, and the one next step."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.db.switch import SwitchedOff
from perseus.web import words
from perseus.web.network.query import PageQuery


@dataclass(frozen=True, slots=True)
class Empty:
    """A heading, a sentence, and the next step: something to type, or a link."""

    title: str
    text: str
    command: str | None = None
    link: str | None = None
    href: str | None = None


NO_EXCHANGES = Empty(
    "No exchanges yet",
    "The database names no exchange, so there is nothing to serve. Seed it, then start an ingest process:",
    command="perseus init",
)


def empty(
    total: int, shown: int, query: PageQuery, *, database_answers: bool, off: SwitchedOff | None = None
) -> Empty | None:
    """Why no card is shown; None while there are some, and while only the database knows whether there are any."""
    if shown:
        return None
    if total:
        return _no_match(total, query)
    if not database_answers:
        return None
    return _all_off(off) if off else NO_EXCHANGES


def _all_off(off: SwitchedOff) -> Empty:
    text = "None of them is active, so there is nothing to serve. Switch one on, and its card appears within 5 seconds:"
    return Empty(off.said, text, command=off.command)


def _no_match(total: int, query: PageQuery) -> Empty:
    text = f"None of the {words.counted(total, 'exchange')} is shown: {query.cards.said}."
    return Empty("No exchange matches", text, link="Show all", href=query.href(state=None, q=None))

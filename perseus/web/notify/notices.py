"""Banners of the pages about notifications: what must be said before anything on them may be believed."""

from __future__ import annotations

from perseus.notify.roster import START
from perseus.web import words
from perseus.web.network.notices import Notice
from perseus.web.notify.outbound import Outbound

TEXT_LIMIT = 600


def notices(tells: Outbound, *, has_store: bool) -> tuple[Notice, ...]:
    """What to say, gravest first. `has_store`: the store answered just now."""
    said = (_store(has_store), _database(tells), _dispatchers(tells, has_store))
    problems = (
        Notice("warning", "The configuration is not whole", words.plain(problem, TEXT_LIMIT))
        for problem in tells.configuration().problems
    )
    return (*(notice for notice in said if notice), *problems)


def _store(has_store: bool) -> Notice | None:
    if has_store:
        return None
    text = (
        "How destinations stand is unknown, and nothing is sent meanwhile. What happens waits, if it can be recorded."
    )
    return Notice("danger", "The data store does not answer", text)


def _database(tells: Outbound) -> Notice | None:
    if tells.configuration.trouble is None:
        return None
    text = "Below are the last destinations and rules that it named, and nothing can be saved. The log says why."
    return Notice("danger", "The database cannot be read", text)


def _dispatchers(tells: Outbound, has_store: bool) -> Notice | None:
    if not has_store or tells.dispatchers().running:
        return None
    text = (
        "Nothing is sent. What happens is recorded, and is told when one runs. Start one, or perseus up for everything:"
    )
    return Notice("danger", "No dispatcher runs", text, START)

"""What an exchange lists, as a page knows it: as it was kept, or asked of a host where that is too old."""

from __future__ import annotations

from dataclasses import dataclass

from perseus import keys
from perseus.control.command import Kind
from perseus.errors import PerseusError, StoreCorrupt
from perseus.exchanges import recollection
from perseus.exchanges.symbols import Listings
from perseus.network.exchange import Exchange
from perseus.web import words
from perseus.web.control.commanding import AnotherKey, Commanding

NEVER = "What it lists was not read within a day."
JUNK = "What it lists cannot be read: something else has written there."
UNANSWERED = "{host} was asked what it lists and has not answered yet{step}. Send it again in a moment."
REFUSED = "{host} was asked what it lists: {why}"
OLD = "Held against what it listed {age}: {why}"


class NotListed(PerseusError):
    """Raised when nothing is known of what an exchange lists, and nobody says it now."""


@dataclass(frozen=True, slots=True)
class Listed:
    """`at_ms`: when the exchange said it, None where nothing is known. `note`: what a reader should know of its age."""

    listings: Listings
    at_ms: int | None
    store_ms: int
    is_fresh: bool
    note: str = ""


def kept(commands: Commanding, exchange: Exchange) -> Listed:
    """As it is kept now. Raises StoreUnavailable, StoreRefused."""
    store_ms = commands.now_ms(keys.listings(exchange.id))
    try:
        found = recollection.read(commands.client, exchange.id)
    except StoreCorrupt:
        return Listed(Listings(), None, store_ms, False, JUNK)
    if found is None:
        return Listed(Listings(), None, store_ms, False, NEVER)
    return Listed(found.listings, found.at_ms, store_ms, found.is_fresh(store_ms))


def current(commands: Commanding, exchange: Exchange) -> Listed:
    """The same; a host is asked first where it is older than 15 minutes, and waited for.

    Where none can be asked the old one stands in, and its `note` says so. Raises NotListed where there is none either.
    """
    found = kept(commands, exchange)
    if found.is_fresh:
        return found
    why = _asked(commands, exchange)
    again = kept(commands, exchange)
    if again.is_fresh:
        return again
    if again.at_ms is None:
        raise NotListed(f"{again.note} {why}")
    note = OLD.format(age=words.age(again.store_ms - again.at_ms), why=why)
    return Listed(again.listings, again.at_ms, again.store_ms, False, note)


def _asked(commands: Commanding, exchange: Exchange) -> str:
    """Why it may still be old, a sentence."""
    if off := commands.why_off():
        return off
    hosts = commands.hosts(exchange)
    if not hosts:
        return commands.nobody()
    target, host = hosts[0].target, hosts[0].named
    try:
        told = commands.awaited(target, commands.send(target, Kind.CHECK, exchange, {"environment": []}))
    except AnotherKey as error:
        return str(error)
    if told is None or not told.is_final:
        step = f" ({words.plain(told.step, 300)})" if told is not None and told.step else ""
        return UNANSWERED.format(host=host, step=step)
    return REFUSED.format(host=host, why=words.plain(told.text or told.status, 300))

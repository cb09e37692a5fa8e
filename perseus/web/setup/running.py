"""What an instance takes in now beside what is watched, where that comes from, and what a change does to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from zlib import crc32

from perseus.control import channel, opened
from perseus.control.command import Kind
from perseus.exchanges.symbols import Listings
from perseus.network.exchange import Exchange
from perseus.network.payload import SYMBOLS_FROM, InstanceStatus, SymbolsFrom, is_simulated
from perseus.store import Client
from perseus.warmup import store
from perseus.web import words
from perseus.web.site import site

SHOWN = 20
FIXED = (
    "What runs takes in {count} that PERSEUS_SYMBOLS of its process on {host} names. That setting wins over this list: "
    "what is changed here is not taken in as long as it is set."
)
OWN = "What runs takes in {count} of its own ({feed}), whatever is watched here."
KEPT = (
    "What runs on {host} takes in {count} not watched: {origin}. Once one is added here these are watched too, so that "
    "nothing stops."
)
FADING = (
    "What runs on {host} still takes in {count} not watched any more. With the next change of this list, or its next "
    "start, that stops."
)
TOLD = "What runs on {host} still takes in {count} not watched any more. It was told so, and stops that in a moment."
NONE_LEFT = (
    "What runs on {host} still takes in {count} not watched any more. It goes on with them until one is added here, "
    "which ends that. {then}"
)
FROM_ALL = (
    "With its next reload or start it takes in all that is traded where it is simulated, as long as none is watched."
)
FROM_NONE = "Its next start needs some."
EMPTIED = "Once none is left, what runs goes on with those that it has. {then}"
SIMULATED = "all that is traded where it is simulated, as long as none is watched"
UNTOLD = "its process does not say where they come from"
STOPS = "No longer taken in, since not watched any more: {names}."
TOO = "{count} that ran already {are} watched too, so that nothing stops."


@dataclass(frozen=True, slots=True)
class Running:
    """`strays`: what runs and is not watched, by name. `said`: what a reader should know of that, '' for nothing.

    `kept`: those of them that are watched too with the first one that is added, as long as none is watched;
    `stops`: what a change ends, `emptied`: what comes of it once none is watched, '' for nothing. `is_passing`: may it
    be over by itself at any moment?
    """

    strays: tuple[str, ...] = ()
    said: str = ""
    kept: tuple[str, ...] = ()
    stops: str = ""
    emptied: str = ""
    is_passing: bool = False

    @property
    def mark(self) -> str:
        """Another one where it says something else."""
        return f"{crc32(repr((self.said, self.strays)).encode()):08x}"

    @property
    def is_long(self) -> bool:
        """Are there too many to name at once?"""
        return len(self.strays) > SHOWN


NOTHING = Running()


def running(
    client: Client, exchange: Exchange, watched: Collection[str], listings: Listings, *, is_told: bool = False
) -> Running:
    """As it is now. `listings`: what it lists, as it was kept. `is_told`: it is at taking in what is watched.

    Raises StoreUnavailable, StoreRefused.
    """
    status = site().directory.exchange(exchange.id)
    if not status.live or status.status is None:
        return NOTHING
    found = _found(client, exchange, status.status, watched, listings, is_told=is_told)
    return replace(found, emptied=EMPTIED.format(then=then)) if (then := _then(status.status)) else found


def _found(
    client: Client,
    exchange: Exchange,
    told: InstanceStatus,
    watched: Collection[str],
    listings: Listings,
    *,
    is_told: bool,
) -> Running:
    origin = told.fields.get(SYMBOLS_FROM)
    names = _names(client, exchange, told, listings)
    host = words.plain(told.hostname, words.NAME_LIMIT) or "its host"
    if origin == SymbolsFrom.SETTING:
        count = words.counted(len(names) or told.symbol_count or 0, "symbol")
        return Running(tuple(sorted(set(names) - set(watched))), FIXED.format(count=count, host=host))
    if not names and origin is None:
        return Running(said=_own(told))
    strays = tuple(sorted(set(names) - set(watched)))
    if not strays:
        return NOTHING
    count = f"{words.counted(len(strays), 'symbol')} that {'is' if len(strays) == 1 else 'are'}"
    if is_told or (watched and _is_at_it(client, exchange)):
        return Running(strays, TOLD.format(host=host, count=count), is_passing=True)
    if watched or origin == SymbolsFrom.WATCHED:
        said = FADING if watched else NONE_LEFT
        stops = STOPS.format(names=_listed(strays))
        return Running(strays, said.format(host=host, count=count, then=_then(told)), stops=stops, is_passing=True)
    why = SIMULATED if origin == SymbolsFrom.ALL else UNTOLD
    return Running(strays, KEPT.format(host=host, count=count, origin=why), strays)


def _is_at_it(client: Client, exchange: Exchange) -> bool:
    """Was it told by whomever to take in what is watched, and has not answered yet?"""
    sent = (one for one in opened.read(client)[0] if one.kind == Kind.SET_SYMBOLS and one.about == exchange.name)
    told = (channel.outcome(client, one.target, one.id) for one in sent)
    return any(one is None or not one.is_final for one in told)


def _then(told: InstanceStatus) -> str:
    """What it takes in at its next start with none watched; '' where that changes nothing, or is not known."""
    if told.fields.get(SYMBOLS_FROM) not in (SymbolsFrom.WATCHED, SymbolsFrom.ALL):
        return ""
    return FROM_ALL if is_simulated(told) else FROM_NONE


def too(count: int) -> str:
    """That so many were watched with what was named; '' for none."""
    return TOO.format(count=words.counted(count, "symbol"), are="is" if count == 1 else "are") if count else ""


def _names(client: Client, exchange: Exchange, told: InstanceStatus, listings: Listings) -> tuple[str, ...]:
    """Those of its latest warmup; () where nothing says so."""
    schedule = store.read(client, exchange.id).schedule
    if schedule is not None and schedule.instance_id == told.instance_id:
        return tuple(words.plain(name, 60) for name in schedule.symbols)
    if told.fields.get(SYMBOLS_FROM) == SymbolsFrom.ALL:
        return tuple(one.symbol for one in listings if one.status == "trading" and not one.alias_of)
    return ()


def _own(told: InstanceStatus) -> str:
    feed = told.fields.get("feed")
    if not told.symbol_count or not isinstance(feed, str):
        return ""
    return OWN.format(count=words.counted(told.symbol_count, "symbol"), feed=words.plain(feed, 60))


def _listed(names: tuple[str, ...]) -> str:
    some = names[:SHOWN]
    return words.listed((*some, f"{len(names) - SHOWN:,} more") if len(names) > SHOWN else some)

"""What became of the newest events at each destination, for the feed: read beside the poll and never in it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from perseus import keys
from perseus.clock import Clock
from perseus.network.log.activity import Event
from perseus.network.log.follower import Follower
from perseus.notify.told import fate, records
from perseus.notify.told.fate import Fate
from perseus.notify.told.records import Record
from perseus.notify.told.standing import Cursor, cursor
from perseus.store import Client
from perseus.store.batch import Batch

WHAT = "Deliveries in the feed"
EVERY_SECONDS = 2.0
WATCHED_SECONDS = 15.0
AT_ONCE = 500
ROUNDS = 4
EVENTS_KEPT = 500
EACH_KEPT = 50
SHOWN = (Fate.FAILED, Fate.WAITING, Fate.SENT, Fate.MERGED, Fate.SUPPRESSED)

#: By event name: the fates that are shown, each with the destinations that it holds for.
Fates = Mapping[str, tuple[tuple[Fate, tuple[str, ...]], ...]]
NO_FATES: Fates = {}


class Trail(NamedTuple):
    """What was read of one destination: `last` entry of its history, its records by event, where its cursor is."""

    last: str
    told: OrderedDict[str, tuple[Record, ...]]
    cursor: Cursor


class DeliveryMarks:
    """One worker's. A thread of its own reads every two seconds while somebody watches, else it sleeps."""

    def __init__(self, client: Client, destinations: Callable[[], Sequence[str]], clock: Clock) -> None:
        self._client = client
        self._destinations = destinations
        self._trails: dict[str, Trail] = {}
        self._events: tuple[Event, ...] = ()
        self._fates: Fates = {}
        self._follower = Follower(self.refresh, clock, WHAT, EVERY_SECONDS, WATCHED_SECONDS)

    def of(self, events: tuple[Event, ...]) -> Fates:
        """What is known of these events, and a sign that somebody watches. The same object while nothing changed."""
        self._events = events
        self._follower.watched()
        return self._fates

    def start(self) -> None:
        """Start the thread."""
        self._follower.start()

    def stop(self) -> None:
        """End it, within two seconds."""
        self._follower.stop()

    def refresh(self) -> None:
        """Read what is new. Raises StoreUnavailable, StoreRefused."""
        wanted = self._destinations()
        trails = {name: trail for name, trail in self._trails.items() if name in wanted}
        behind = list(wanted)
        for _ in range(ROUNDS):
            behind = self._follow(behind, trails)
            if not behind:
                break
        self._trails = trails
        fates = {event.name: of_event(event, trails) for event in self._events}
        found = {name: some for name, some in fates.items() if some}
        if found != self._fates:
            self._fates = found

    def _follow(self, wanted: Sequence[str], trails: dict[str, Trail]) -> list[str]:
        """Read on in these histories; returns those that have more."""
        if not wanted:
            return []
        batch = Batch(self._client)
        for name in wanted:
            batch.add("HGETALL", keys.destination(name, "cursor"))
            _ask_history(batch, name, trails.get(name))
        found = batch.run()
        behind = []
        for number, name in enumerate(wanted):
            at, entries = found[2 * number], _entries(found[2 * number + 1], name not in trails)
            if name in trails and len(entries) == AT_ONCE:
                behind.append(name)
            trails[name] = _grown(trails.get(name), entries, cursor(at))
        return behind


def of_event(event: Event, trails: Mapping[str, Trail]) -> tuple[tuple[Fate, tuple[str, ...]], ...]:
    """The fates of one event that are worth a word under it, the gravest first."""
    named: dict[Fate, list[str]] = {}
    for name, trail in sorted(trails.items()):
        became = fate.of(trail.told.get(event.name, ())) or fate.unrecorded(event, trail.cursor)
        named.setdefault(became, []).append(name)
    return tuple((one, tuple(named[one])) for one in SHOWN if one in named)


def of_past(client: Client, destinations: Sequence[str], events: Sequence[Event]) -> Fates:
    """The same for an older page, read for this call. Raises StoreUnavailable, StoreRefused."""
    if not events or not destinations:
        return {}
    batch, since = Batch(client), min(event.at_ms for event in events)
    for name in destinations:
        batch.add("HGETALL", keys.destination(name, "cursor"))
        batch.add("XRANGE", keys.destination(name, "history"), since, "+", "COUNT", 2 * AT_ONCE)
    found = batch.run()
    trails = {
        name: _grown(None, _entries(found[2 * number + 1], False), cursor(found[2 * number]))
        for number, name in enumerate(destinations)
    }
    return {event.name: of_event(event, trails) for event in events}


def _ask_history(batch: Batch, name: str, trail: Trail | None) -> None:
    key = keys.destination(name, "history")
    if trail is None:
        batch.add("XREVRANGE", key, "+", "-", "COUNT", AT_ONCE)
    else:
        batch.add("XRANGE", key, f"({trail.last}", "+", "COUNT", AT_ONCE)


def _entries(found: Any, is_newest_first: bool) -> list[Record]:
    if not isinstance(found, list):
        return []
    entries = [records.record(stream_id, fields) for stream_id, fields in found]
    return entries[::-1] if is_newest_first else entries


def _grown(trail: Trail | None, entries: Sequence[Record], at: Cursor) -> Trail:
    if trail is not None and not entries:
        return trail._replace(cursor=at)
    told = OrderedDict() if trail is None else OrderedDict(trail.told)
    for entry in entries:
        for name in entry.events:
            told[name] = (*told.get(name, ())[-EACH_KEPT:], entry)
            told.move_to_end(name)
    while len(told) > EVENTS_KEPT:
        told.popitem(last=False)
    last = entries[-1].stream_id if entries else trail.last if trail else "0-1"
    return Trail(last, told, at)

"""Events behind the cursor of one destination, as many as are worth having at hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.configuration import Maintenance
from perseus.notify.lanes.position import number
from perseus.notify.outlook import NOTHING, Outlook, maintenance
from perseus.notify.system import DISPATCHER, log_key
from perseus.notify.told.records import place
from perseus.notify.told.standing import Mark
from perseus.store import Client
from perseus.store.batch import Batch

AT_ONCE = 100
LOW = 20


class Inbox:
    """Reads what `heard` names, and more of what runs low. `since_ms`: where a log without a mark begins.

    `until`: by exchange name, the last event that belongs here; None: there is no end.
    """

    def __init__(
        self, client: Client, since_ms: int, marks: Mapping[str, Mark], until: Mapping[str, Mark] | None = None
    ) -> None:
        self._client = client
        self.since_ms = since_ms
        self._until = until
        self._events: dict[str, deque[Event]] = {}
        self._dirty: set[str] = set()
        self._longer: set[str] = set()
        self.marks = dict(marks)
        self.maintenance: dict[str, Maintenance] = {}

    @property
    def pending(self) -> Mapping[str, Sequence[Event]]:
        """By exchange name, oldest first; exchanges without any are left out."""
        return {name: tuple(events) for name, events in self._events.items() if events}

    def heard(self, names: Iterable[str]) -> None:
        """The logs of these exchanges may have grown."""
        self._dirty.update(names)

    def looked(self, outlook: Outlook) -> None:
        """Take in what was seen of all logs; those that are further than what was read are read next."""
        self.maintenance = dict(outlook.maintenance)
        self.heard(name for name, newest in outlook.newest.items() if place(newest.stream_id) > self._read_to(name))

    def read(self, exchanges: Sequence[Exchange]) -> None:
        """Read what is to be read, in one pipeline a server. Raises StoreUnavailable, StoreRefused."""
        low = {name for name in self._longer if len(self._events.get(name, ())) < LOW}
        wanted = [one for one in (*exchanges, DISPATCHER) if one.name in self._dirty | low]
        room = [one for one in wanted if len(self._events.get(one.name, ())) < AT_ONCE]
        if not room:
            return
        batch = Batch(self._client)
        for one in room:
            start = self._start(one.name)
            batch.add("XRANGE", log_key(one), start, self._end(one.name), "COUNT", AT_ONCE)
            batch.add("GET", keys.maintenance(one.id))
        found = batch.run()
        for one, entries, announced in zip(room, found[::2], found[1::2], strict=True):
            self._take(one, entries, maintenance(announced))

    def settle(self, settled: Mapping[str, Event]) -> None:
        """These are done with, and all before them."""
        for name, event in settled.items():
            self.marks[name] = Mark(event.stream_id, number(event.fields.get("seq")))
            events = self._events.get(name, deque())
            while events and place(events[0].stream_id) <= place(event.stream_id):
                events.popleft()

    def move(self, name: str, mark: Mark) -> None:
        """Begin anew behind this one."""
        self.marks[name] = mark
        self._events.pop(name, None)
        self.heard((name,))

    def _take(self, exchange: Exchange, entries: Any, announced: Maintenance | None) -> None:
        name = exchange.name
        self._dirty.discard(name)
        self._longer.discard(name)
        self.maintenance.pop(name, None)
        if announced is not None:
            self.maintenance[name] = announced
        if not isinstance(entries, list):
            return
        events = self._events.setdefault(name, deque())
        events.extend(Event(exchange, str(stream_id), fields) for stream_id, fields in entries if fields)
        if len(entries) == AT_ONCE:
            self._longer.add(name)

    def _start(self, name: str) -> str:
        events = self._events.get(name)
        if events:
            return f"({events[-1].stream_id}"
        return f"({self.marks[name].stream_id}" if name in self.marks else str(self.since_ms)

    def _end(self, name: str) -> str:
        return "+" if self._until is None else self._until.get(name, NOTHING).stream_id

    def _read_to(self, name: str) -> tuple[int, int]:
        events = self._events.get(name)
        if events:
            return place(events[-1].stream_id)
        return place(self.marks[name].stream_id) if name in self.marks else (self.since_ms - 1, 0)

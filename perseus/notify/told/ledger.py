"""What the dispatcher has recorded of each destination, for pages, API and commands. Reads only.

Junk in the store gives values that say nothing, never an error. Every call raises StoreUnavailable, StoreRefused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from perseus import keys
from perseus.network.view.directory import BadCursor
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Verdict
from perseus.notify.told import records
from perseus.notify.told.records import Attempted, BreakerChanged, DeadLetter, Decided, Fields, Ordered, Record
from perseus.notify.told.standing import Cursor, Standing, cursor, inflight, standing
from perseus.store import Client
from perseus.store.batch import Batch

PAGE = 500
OUTCOMES = (*(one.value for one in Verdict), *(one.value for one in Outcome), "order", "breaker")

Entry = TypeVar("Entry", Record, DeadLetter)
Enough = Callable[[Sequence[Record]], bool]


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry]):
    """Entries newest first, and the `before` for those behind them (None: there are none)."""

    entries: tuple[Entry, ...]
    older: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What is recorded of some events, oldest first. `oldest_ms`: how far back the history goes; None: it is empty."""

    records: tuple[Record, ...] = ()
    oldest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a destination is. `inflight`: events of the message that is being sent, or was when a dispatcher died."""

    standing: Standing
    cursor: Cursor
    inflight: frozenset[str]
    now_ms: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: those about an event, and those of one of `OUTCOMES`. None is any."""

    event: str | None = None
    outcome: str | None = None

    def fits(self, record: Record) -> bool:
        """Is it one of these?"""
        return self.event in (None, *record.events) and self.outcome in (None, outcome(record))


def outcome(record: Record) -> str:
    """The one word of a record, of `OUTCOMES`; '' for one that is unknown here."""
    match record:
        case Decided():
            return record.verdict.value
        case Attempted():
            return record.outcome.value
        case Ordered():
            return "order"
        case BreakerChanged():
            return "breaker"
    return ""


class Ledger:
    """Reads of one store. Safe from any thread."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def standings(self, destinations: Sequence[str]) -> tuple[Mapping[str, Standing], int]:
        """How each stands, and the store's time."""
        batch = Batch(self._client)
        batch.add("GET", keys.INITIALISED)
        for one in destinations:
            _ask_standing(batch, one)
        found = batch.run()[1:]
        parts = [found[at : at + 4] for at in range(0, len(found), 4)]
        named = {one: standing(*part) for one, part in zip(destinations, parts, strict=True)}
        return named, batch.now_ms(keys.INITIALISED)

    def now_ms(self) -> int:
        """The store's time, Unix milliseconds."""
        return self.standings(())[1]

    def position(self, destination: str) -> Position:
        """Where it is."""
        batch = Batch(self._client)
        _ask_standing(batch, destination)
        batch.add("HGETALL", keys.destination(destination, "cursor"))
        batch.add("HGETALL", keys.destination(destination, "inflight"))
        *stands, at, sending = batch.run()
        now_ms = batch.now_ms(keys.destination(destination, "cursor"))
        return Position(standing(*stands), cursor(at), inflight(sending), now_ms)

    def history(self, destination: str, wanted: Wanted, before: str | None = None, count: int = 50) -> Page[Record]:
        """`count` records, newest first, behind the entry `before`. Raises BadCursor."""
        return self._page(keys.destination(destination, "history"), records.record, wanted.fits, before, count)

    def dead(self, destination: str, before: str | None = None, count: int = 50) -> Page[DeadLetter]:
        """`count` dead letters, newest first, behind the entry `before`. Raises BadCursor."""
        return self._page(keys.destination(destination, "dead"), records.dead_letter, lambda _: True, before, count)

    def told(
        self, destination: str, events: Iterable[str], since_ms: int, enough: Enough = lambda found: False
    ) -> Told:
        """The records about these events that were written since; no more are read once there are `enough`."""
        key, names, found = keys.destination(destination, "history"), frozenset(events), list[Record]()
        batch = Batch(self._client)
        batch.add("XRANGE", key, "-", "+", "COUNT", 1)
        batch.add("XRANGE", key, str(max(since_ms, 0)), "+", "COUNT", PAGE)
        first, some = (_entries(part, records.record) for part in batch.run())
        while True:
            found += [one for one in some if not names.isdisjoint(one.events)]
            if len(some) < PAGE or enough(found):
                return Told(tuple(found), first[0].at_ms if first else None)
            start = f"({some[-1].stream_id}"
            some = _entries(self._one("XRANGE", key, start, "+", "COUNT", PAGE), records.record)

    def _page(
        self,
        key: str,
        read: Callable[[str, Fields], Entry],
        fits: Callable[[Entry], bool],
        before: str | None,
        count: int,
    ) -> Page[Entry]:
        found, end = list[Entry](), _end(before)
        while True:
            some = _entries(self._one("XREVRANGE", key, end, "-", "COUNT", PAGE), read)
            found += [one for one in some if fits(one)]
            if len(found) > count:
                return Page(tuple(found[:count]), found[count - 1].stream_id)
            if len(some) < PAGE:
                return Page(tuple(found), None)
            end = f"({some[-1].stream_id}"

    def _one(self, command: str, key: str, *arguments: str | int) -> Any:
        batch = Batch(self._client)
        batch.add(command, key, *arguments)
        return batch.run()[0]


def _ask_standing(batch: Batch, destination: str) -> None:
    batch.add("HGETALL", keys.destination(destination, "state"))
    batch.add("XLEN", keys.destination(destination, "dead"))
    batch.add("GET", keys.destination(destination, "lease"))
    batch.add("GET", keys.destination(destination, "not_before"))


def _end(before: str | None) -> str:
    if before is None:
        return "+"
    if records.place(before) == (0, 0):  # no entry has this id, and Redis refuses to look behind it
        raise BadCursor(before)
    return f"({before}"


def _entries(found: Any, read: Callable[[str, Fields], Entry]) -> list[Entry]:
    """Of a key of another type: none."""
    return [read(stream_id, fields) for stream_id, fields in found] if isinstance(found, list) else []

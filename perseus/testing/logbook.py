"""The activity logs of a fake network: real streams, with ids by a fake clock. Entries wait while Redis is away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from perseus import keys
from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Entry, Event
from perseus.notify.system import SystemLog
from perseus.store import Client
from perseus.testing.clock import FakeClock


class Logbook:
    """Writes entries as the append script does: numbered, once only, in the order of `write`."""

    def __init__(self, client: Client, clock: FakeClock) -> None:
        self._client = client
        self._clock = clock
        self._numbers: Counter[str] = Counter()
        self._last = (0, 0)
        self._known: set[str] = set()
        self._waiting: list[tuple[Exchange, Entry]] = []
        self.is_away = False

    def write(self, exchange: Exchange, entry: Entry) -> None:
        """Append; while the store is away the entry waits, as in the outbox of a process."""
        self._waiting.append((exchange, entry))
        self.flush()

    def flush(self) -> None:
        """Write what waits, once the store is there."""
        while self._waiting and not self.is_away:
            self._append(*self._waiting.pop(0))

    def read(self, exchange: Exchange) -> list[Event]:
        """Every event of one log, oldest first."""
        entries = cast("list[tuple[str, dict[str, str]]]", self._client.xrange(keys.activity(exchange.name)))
        return [Event(exchange, stream_id, fields) for stream_id, fields in entries]

    def _append(self, exchange: Exchange, entry: Entry) -> None:
        if entry.event_id in self._known:
            return
        self._known.add(entry.event_id)
        self._numbers[exchange.name] += 1
        facts = {"event": entry.kind, "eventId": entry.event_id, "seq": str(self._numbers[exchange.name])}
        self.add(keys.activity(exchange.name), {**facts, **entry.fields})

    def add(self, key: str, fields: Mapping[str, str]) -> None:
        """One entry of any log, at the time of the clock."""
        self._client.xadd(key, cast(Any, fields), id=self._next_id())

    def _next_id(self) -> str:
        ms, sequence = self._last
        now = self._clock.wall_ms()
        self._last = (now, 0) if now > ms else (ms, sequence + 1)
        return f"{self._last[0]}-{self._last[1]}"


class SystemBook(SystemLog):
    """The system log of a fake network."""

    def __init__(self, client: Client, book: Logbook) -> None:
        super().__init__(client)
        self._book = book

    def tell(self, what: str, destination: str, detail: str, now_ms: int) -> None:
        """As SystemLog, at the time of the clock."""
        facts = {"event": "system", "eventId": f"{what}-{now_ms}", "timestamp": iso(now_ms)}
        self._book.add(keys.DISPATCH_LOG, {**facts, "what": what, "destination": destination, "detail": detail})

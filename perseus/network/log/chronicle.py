"""The histories of all exchanges as one web worker knows them: read beside the poll and never in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from perseus import keys
from perseus.clock import Clock
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.log.follower import Follower
from perseus.network.log.spans import History
from perseus.network.log.uptime import DAY_MS
from perseus.store import Client
from perseus.store.batch import Batch

WHAT = "Time lines and uptimes"
EVERY_SECONDS = 5.0
WATCHED_SECONDS = 60.0
KEPT_MS = 31 * DAY_MS
#: Entries of one log in one read, and of all logs together: what comes at once must not hold the page up.
AT_ONCE, TOGETHER = 500, 5_000
BEFORE = 20
BREATH_SECONDS = 0.02


class Chronicle:
    """One worker's. A thread of its own reads on every five seconds while somebody watches, else it sleeps.

    The first read goes back 31 days; later ones bring what is new. Call `refresh` instead of `start` to read without
    a thread.
    """

    def __init__(self, client: Client, exchanges: Callable[[], Sequence[Exchange]], clock: Clock) -> None:
        self._client = client
        self._exchanges = exchanges
        self._histories: dict[Exchange, History] = {}
        self._read: dict[Exchange, tuple[str, History]] = {}
        self._now_ms: int | None = None
        self._follower = Follower(self.refresh, clock, WHAT, EVERY_SECONDS, WATCHED_SECONDS)

    def of(self, exchange: Exchange) -> History | None:
        """What is known of it, and a sign that somebody watches; None until its log was read once to its end."""
        self._follower.watched()
        return self._histories.get(exchange)

    def start(self) -> None:
        """Start the thread."""
        self._follower.start()

    def stop(self) -> None:
        """End it, within two seconds."""
        self._follower.stop()

    def refresh(self) -> None:
        """Read what is new of every log. Raises StoreUnavailable, StoreRefused."""
        exchanges = self._exchanges()
        self._forget(exchanges)
        behind = list(exchanges)
        while behind and not self._follower.stopped.is_set():
            some, behind = behind[: TOGETHER // AT_ONCE], behind[TOGETHER // AT_ONCE :]
            behind += self._follow(some)
            self._follower.stopped.wait(BREATH_SECONDS if behind else 0)

    def _forget(self, exchanges: Sequence[Exchange]) -> None:
        for gone in set(self._read) - set(exchanges):
            self._read.pop(gone)
            self._histories.pop(gone, None)

    def _follow(self, some: Sequence[Exchange]) -> list[Exchange]:
        """Read on in these logs; returns those that have more."""
        batch, now_ms = Batch(self._client), self._store_now_ms(some[0])
        for exchange in some:
            self._ask(batch, exchange, now_ms)
        found = iter(batch.run())
        self._now_ms = batch.now_ms(keys.activity(some[0].name))
        behind = []
        for exchange in some:
            before = () if exchange in self._read else _events(exchange, next(found))[::-1]
            entries = _events(exchange, next(found))
            last, history = self._read.get(exchange, ("", History(exchange)))
            grown = history.grown((*before, *entries), now_ms - KEPT_MS)
            last = entries[-1].stream_id if entries else last or f"{now_ms - KEPT_MS}-0"
            self._read[exchange] = last, grown
            if len(entries) == AT_ONCE:
                behind.append(exchange)
            else:
                self._histories[exchange] = grown
        return behind

    def _store_now_ms(self, exchange: Exchange) -> int:
        """As the last read told it; at the very first, the store is asked."""
        if self._now_ms is None:
            asked, key = Batch(self._client), keys.activity(exchange.name)
            asked.add("EXISTS", key)
            asked.run()
            self._now_ms = asked.now_ms(key)
        return self._now_ms

    def _ask(self, batch: Batch, exchange: Exchange, now_ms: int) -> None:
        key, since_ms = keys.activity(exchange.name), now_ms - KEPT_MS
        if exchange in self._read:
            batch.add("XRANGE", key, f"({self._read[exchange][0]}", "+", "COUNT", AT_ONCE)
        else:
            batch.add("XREVRANGE", key, f"({since_ms}", "-", "COUNT", BEFORE)
            batch.add("XRANGE", key, since_ms, "+", "COUNT", AT_ONCE)


def _events(exchange: Exchange, found: Any) -> list[Event]:
    """Entries as they came; none for a key of another type."""
    return [Event(exchange, stream_id, fields) for stream_id, fields in found] if isinstance(found, list) else []

"""The histories of all exchanges as one web worker knows them: read beside the poll and never in it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from perseus import keys
from perseus.batch import Batch
from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.network.activity import Event
from perseus.network.exchange import Exchange
from perseus.network.spans import History
from perseus.network.uptime import DAY_MS
from perseus.store import Client

EVERY_SECONDS = 5.0
WATCHED_SECONDS = 60.0
KEPT_MS = 31 * DAY_MS
#: Entries of one log in one read, and of all logs together: what comes at once must not hold the page up.
AT_ONCE, TOGETHER = 500, 5_000
BEFORE = 20
BREATH_SECONDS = 0.02

log = logging.getLogger(__name__)


class Chronicle:
    """One worker's. A thread of its own reads on every five seconds while somebody watches, else it sleeps.

    The first read goes back 31 days; later ones bring what is new. Call `refresh` instead of `start` to read without
    a thread.
    """

    def __init__(self, client: Client, exchanges: Callable[[], Sequence[Exchange]], clock: Clock) -> None:
        self._client = client
        self._exchanges = exchanges
        self._clock = clock
        self._histories: dict[Exchange, History] = {}
        self._read: dict[Exchange, tuple[str, History]] = {}
        self._now_ms: int | None = None
        self._watched_at: float | None = None
        self._wanted, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="chronicle", daemon=True)
        self._is_away = False

    def of(self, exchange: Exchange) -> History | None:
        """What is known of it, and a sign that somebody watches; None until its log was read once to its end."""
        self._watched_at = self._clock.elapsed()
        self._wanted.set()
        return self._histories.get(exchange)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End it, within two seconds."""
        self._stopped.set()
        self._wanted.set()
        self._thread.join(2.0)

    def refresh(self) -> None:
        """Read what is new of every log. Raises StoreUnavailable, StoreRefused."""
        exchanges = self._exchanges()
        self._forget(exchanges)
        behind = list(exchanges)
        while behind and not self._stopped.is_set():
            some, behind = behind[: TOGETHER // AT_ONCE], behind[TOGETHER // AT_ONCE :]
            behind += self._follow(some)
            self._stopped.wait(BREATH_SECONDS if behind else 0)

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

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wanted.wait()
            if not self._is_watched():
                self._wanted.clear()
                continue
            self._refreshed()
            self._stopped.wait(EVERY_SECONDS)

    def _is_watched(self) -> bool:
        return self._watched_at is not None and self._clock.elapsed() - self._watched_at < WATCHED_SECONDS

    def _refreshed(self) -> None:
        try:
            self.refresh()
            self._is_away = False
        except PerseusError as error:
            if not self._is_away:
                log.warning("Time lines and uptimes are shown as they were last known: %s", error)
            self._is_away = True
        except Exception:  # the boundary of this thread: without it, one bug would end the time lines for good
            log.exception("The histories of the exchanges could not be read.")


def _events(exchange: Exchange, found: Any) -> list[Event]:
    """Entries as they came; none for a key of another type."""
    return [Event(exchange, stream_id, fields) for stream_id, fields in found] if isinstance(found, list) else []

"""The read side: what may be said of every exchange, from one pipeline, judged by the store's clock alone."""

from __future__ import annotations

import heapq
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Any

import redis

from perseus import keys
from perseus.clock import Clock, StoreClock, SystemClock
from perseus.errors import PerseusError, StoreRefused, StoreUnavailable, UnknownExchange
from perseus.network.activity import RETENTION_MS, Event
from perseus.network.exchange import Exchange
from perseus.network.reading import (
    LAST_FIELDS,
    Condition,
    ExchangeStatus,
    Reading,
    StoreNotice,
    judge,
    last_record,
)
from perseus.store import Client, answers

__all__ = [
    "ActivityPage",
    "BadCursor",
    "Condition",
    "Directory",
    "ExchangeStatus",
    "NetworkView",
    "StoreNotice",
]

log = logging.getLogger(__name__)

CURSOR = re.compile(r"([a-z0-9_-]+):([0-9]+)-([0-9]+)")
COMMANDS_EACH = 5
MACHINE = SystemClock()


class BadCursor(PerseusError):
    """Raised when a cursor is not `<exchange>:<stream id>`."""

    def __init__(self, cursor: str) -> None:
        super().__init__(
            f"{cursor!r} is not a cursor. Use one that an earlier page gave, or none for the newest events."
        )
        self.cursor = cursor


@dataclass(frozen=True, slots=True)
class NetworkView:
    """Everything the Network page shows, read together. `events` newest first; `older` is a cursor or None.

    `capped` names the exchanges whose log the storm cap cut inside the last 90 days.
    When the store does not answer, the exchanges and events are the last ones this process read, as Unknown.
    `read_at_ms` is when they were read, None when they never were.
    """

    now_ms: int
    exchanges: tuple[ExchangeStatus, ...]
    events: tuple[Event, ...]
    older: str | None
    store: StoreNotice
    capped: tuple[str, ...] = ()
    read_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Events newest first, and the cursor for those behind them (None: there are none)."""

    events: tuple[Event, ...]
    older: str | None


class Directory:
    """Reads the network. One pipeline a call, however many exchanges; known exchanges come from `exchanges()`."""

    def __init__(self, client: Client, exchanges: Callable[[], Sequence[Exchange]], clock: Clock = MACHINE) -> None:
        self._client = client
        self._exchanges = exchanges
        self._clock = clock
        self._store_clock = StoreClock(clock)
        self._run_id: str | None = None
        self._run_seen_at: float | None = None
        self._latest: NetworkView | None = None
        self._is_away = False

    def view(self, count: int = 50) -> NetworkView:
        """Every exchange and the newest `count` events. Of a store that does not answer: the last view, as Unknown."""
        exchanges = self._exchanges()
        try:
            self._latest = self._read(exchanges, count)
        except (StoreUnavailable, StoreRefused) as error:
            if not self._is_away:
                log.warning("The last known network is shown as unknown: %s", error)
            self._is_away = True
            return self._last_known(exchanges, str(error))
        self._is_away = False
        return self._latest

    def exchange(self, exchange_id: int) -> ExchangeStatus:
        """One exchange. Raises UnknownExchange, StoreUnavailable, StoreRefused."""
        known = self._exchanges()
        wanted = [exchange for exchange in known if exchange.id == exchange_id]
        if not wanted:
            raise UnknownExchange(str(exchange_id), tuple(f"{exchange.id} ({exchange.name})" for exchange in known))
        return self._read(wanted, 1).exchanges[0]

    def activity(self, count: int, cursor: str | None = None, exchange: str | None = None) -> ActivityPage:
        """`count` events behind `cursor`, of one exchange or of all.

        Raises UnknownExchange, BadCursor, StoreUnavailable, StoreRefused.
        """
        known = self._exchanges()
        wanted = [known_ for known_ in known if exchange in (None, known_.name)]
        if exchange is not None and not wanted:
            raise UnknownExchange(exchange, tuple(known_.name for known_ in known))
        before = _before(cursor, known)
        pipeline = self._client.pipeline(transaction=False)
        pipeline.time()
        for each in wanted:
            pipeline.xrevrange(keys.activity(each.name), max=_bound(before, each), count=count + 1)
        with answers(self._client):
            time_, *streams = _settled(pipeline.execute(raise_on_error=False))
        logs = [_events(each, stream) for each, stream in zip(wanted, streams, strict=True)]
        return _page(logs, count, _milliseconds(time_) - RETENTION_MS)

    def store_is_up(self) -> bool:
        """Does the store answer and serve us?"""
        try:
            with answers(self._client):
                return bool(self._client.ping())
        except (StoreUnavailable, StoreRefused):
            return False

    def _read(self, exchanges: Sequence[Exchange], count: int) -> NetworkView:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.time()
        pipeline.info("server")
        pipeline.get(keys.INITIALISED)
        for exchange in exchanges:
            pipeline.get(keys.status(exchange.id))
            pipeline.pttl(keys.status(exchange.id))
            pipeline.hmget(keys.last_record(exchange.id), LAST_FIELDS)
            pipeline.xrevrange(keys.activity(exchange.name), count=count + 1)
            pipeline.hget(keys.activity_meta(exchange.name), "cut_before_ms")
        sent_at = self._clock.elapsed()
        with answers(self._client):
            time_, info, *rest = pipeline.execute(raise_on_error=False)
            # INFO may be missing or forbidden where everything else is served: then a restart just goes unnoticed.
            time_, initialised, *rest = _settled([time_, *rest])
        now_ms = _milliseconds(time_)
        self._store_clock.heard(now_ms, sent_at, self._clock.elapsed())
        store = StoreNotice(True, None, initialised is None, initialised != "not kept", self._restarted_ms_ago(info))
        parts = [rest[at : at + COMMANDS_EACH] for at in range(0, len(rest), COMMANDS_EACH)]
        return _view(exchanges, parts, now_ms, count, store)

    def _restarted_ms_ago(self, info: Any) -> int | None:
        """How long ago this store began to serve, as far as it could matter; None when it does not say."""
        if not isinstance(info, dict) or "run_id" not in info:
            return None
        now = self._clock.elapsed()
        if self._run_id is not None and info["run_id"] != self._run_id:
            self._run_seen_at = now
        self._run_id = info["run_id"]
        uptime_ms = int(info.get("uptime_in_seconds", 0)) * 1000
        return uptime_ms if self._run_seen_at is None else min(uptime_ms, round((now - self._run_seen_at) * 1000))

    def _last_known(self, exchanges: Sequence[Exchange], reason: str) -> NetworkView:
        latest = self._latest
        known = {status.exchange: status for status in latest.exchanges} if latest else {}
        nothing = ExchangeStatus(
            Exchange(1, "none", ""), Condition.UNKNOWN, False, None, None, None, None, "the data store does not answer"
        )
        statuses = tuple(
            replace(
                known.get(exchange, nothing),
                exchange=exchange,
                condition=Condition.UNKNOWN,
                live=False,
                since_ms=None,
                heartbeat_age_ms=None,
                lease_left_ms=None,
                reason=nothing.reason,
            )
            for exchange in exchanges
        )
        notice = replace(latest.store, answers=False, reason=reason) if latest else StoreNotice(False, reason)
        events = latest.events if latest else ()
        capped, read_at_ms = (latest.capped, latest.read_at_ms) if latest else ((), None)
        return NetworkView(self._store_clock.now_ms(), statuses, events, None, notice, capped, read_at_ms)


def _view(
    exchanges: Sequence[Exchange], parts: list[list[Any]], now_ms: int, count: int, store: StoreNotice
) -> NetworkView:
    statuses, logs, capped = [], [], []
    for exchange, part in zip(exchanges, parts, strict=True):
        logs.append(_events(exchange, part[3]))
        statuses.append(judge(_reading(exchange, part), now_ms, store))
        if isinstance(part[4], str) and part[4].isdecimal() and int(part[4]) > now_ms - RETENTION_MS:
            capped.append(exchange.name)
    page = _page(logs, count, now_ms - RETENTION_MS)
    return NetworkView(now_ms, tuple(statuses), page.events, page.older, store, tuple(capped), now_ms)


def _reading(exchange: Exchange, part: list[Any]) -> Reading:
    status, pttl, last, stream, _ = part
    newest = next(_events(exchange, stream), None)
    for value, what in ((status, "status key"), (last, "last record"), (stream, "activity log")):
        if isinstance(value, Exception):
            return Reading(exchange, None, -2, None, newest, f"its {what} is of another type")
    try:
        record = last_record(last)
    except ValueError:
        return Reading(exchange, status, pttl, None, newest, "its last record cannot be read")
    return Reading(exchange, status if pttl != -2 else None, pttl, record, newest)


def _settled(results: list[Any]) -> list[Any]:
    """Raise for what concerns the whole store; leave errors about one key to the reader of that key."""
    for result in results:
        is_about_a_key = isinstance(result, redis.exceptions.ResponseError) and "WRONGTYPE" in str(result)
        if isinstance(result, Exception) and not is_about_a_key:
            raise result
    return results


def _milliseconds(time_: tuple[int, int]) -> int:
    return time_[0] * 1000 + time_[1] // 1000


def _events(exchange: Exchange, stream: Any) -> Iterator[Event]:
    entries = () if isinstance(stream, Exception) else stream
    return (Event(exchange, id_, fields) for id_, fields in entries)


def _page(logs: Iterable[Iterator[Event]], count: int, oldest_ms: int) -> ActivityPage:
    """The newest `count` events of the last 90 days; every log is newest first and was read one event further."""
    # Merged, not sorted: 50 exchanges give 2,550 events here, and all but the page would be made in vain.
    merged = heapq.merge(*logs, key=lambda event: event.order, reverse=True)
    kept = list(islice(takewhile(lambda event: event.at_ms >= oldest_ms, merged), count + 1))
    page = tuple(kept[:count])
    return ActivityPage(page, page[-1].name if len(kept) > count else None)


def _before(cursor: str | None, known: Sequence[Exchange]) -> tuple[int, int, int] | None:
    if cursor is None:
        return None
    parts = CURSOR.fullmatch(cursor)
    ids = {exchange.name: exchange.id for exchange in known}
    if parts is None or parts[1] not in ids or max(len(parts[2]), len(parts[3])) > 19:
        raise BadCursor(cursor)
    ms, sequence = int(parts[2]), int(parts[3])
    if ms == sequence == 0:  # no entry has this id, and Redis refuses to look behind it
        raise BadCursor(cursor)
    return ms, sequence, ids[parts[1]]


def _bound(before: tuple[int, int, int] | None, exchange: Exchange) -> str:
    """The newest stream id of `exchange` that stands behind the cursor, as XREVRANGE writes it."""
    if before is None:
        return "+"
    ms, sequence, exchange_id = before
    return f"{ms}-{sequence}" if exchange.id < exchange_id else f"({ms}-{sequence}"

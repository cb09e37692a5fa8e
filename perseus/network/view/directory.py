"""The read side: what may be said of every exchange, from one pipeline a server, judged by the store's clock alone."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any

import redis

from perseus import keys
from perseus.clock import Clock, StoreClock, SystemClock
from perseus.control import hosts
from perseus.errors import StoreRefused, StoreUnavailable, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS, Event
from perseus.network.log.cursors import BadCursor, bound, place
from perseus.network.log.search import Search
from perseus.network.log.searching import Found, Searching
from perseus.network.view.networkview import NetworkView
from perseus.network.view.past import Past, PastNetwork
from perseus.network.view.reading import (
    LAST_FIELDS,
    Condition,
    ExchangeStatus,
    Reading,
    StoreNotice,
    judge,
    last_record,
)
from perseus.network.view.refusals import Lacking, Refusals, of
from perseus.network.view.restarts import Restarts
from perseus.outage import Outage
from perseus.store import Client, answers, is_cluster
from perseus.store.batch import Batch

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

COMMANDS_EACH = 5
MACHINE = SystemClock()
NOBODY = logging.Logger("nobody", logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Events newest first, and the cursor for those behind them (None: there are none)."""

    events: tuple[Event, ...]
    older: str | None


class Directory:
    """Reads the network. One pipeline a call and server, however many exchanges, which come from `exchanges()`.

    `told_to`: what begins and ends; `NOBODY` for who reads once, and would not notice the end. `lacking`: rights.
    """

    def __init__(
        self,
        client: Client,
        exchanges: Callable[[], Sequence[Exchange]],
        clock: Clock = MACHINE,
        told_to: logging.Logger = log,
        lacking: Lacking = tuple,
    ) -> None:
        self._client = client
        self._has_nodes = is_cluster(client)
        self._exchanges = exchanges
        self._clock = clock
        self._store_clock = StoreClock(clock)
        self._restarts = Restarts(clock)
        self._latest: NetworkView | None = None
        self._silence = Outage(
            told_to,
            "The last known network is shown as unknown",
            "The data store answers: the network is shown as it is again.",
        )
        self._lacking = lacking
        self._refusals = Refusals(told_to, lacking)

    @property
    def is_troubled(self) -> bool:
        """Is something told in the log that is over only when it is read again?"""
        return self._silence.is_on or self._refusals.are_on

    def view(self, count: int = 50) -> NetworkView:
        """Every exchange and the newest `count` events. Of a store that does not answer: the last view, as Unknown."""
        exchanges = self._exchanges()
        try:
            self._latest = self._read(exchanges, count, self._refusals)
        except (StoreUnavailable, StoreRefused) as error:
            self._silence.failed(error)
            return self._last_known(exchanges, StoreNotice.failing(error))
        self._silence.done()
        return self._latest

    def exchange(self, exchange_id: int) -> ExchangeStatus:
        """One exchange. Raises UnknownExchange, StoreUnavailable, StoreRefused."""
        known = self._exchanges()
        wanted = [exchange for exchange in known if exchange.id == exchange_id]
        if not wanted:
            raise UnknownExchange(str(exchange_id), tuple(f"{exchange.id} ({exchange.name})" for exchange in known))
        return self._read(wanted, 1, Refusals(NOBODY)).exchanges[0]

    def activity(self, count: int, cursor: str | None = None, exchange: str | None = None) -> ActivityPage:
        """`count` events behind `cursor`, of one exchange or of all.

        Raises UnknownExchange, BadCursor, StoreUnavailable, StoreRefused.
        """
        wanted = self._named(exchange)
        before = place(cursor, self._exchanges())
        batch = Batch(self._client)
        batch.add("GET", keys.INITIALISED)
        for each in wanted:
            batch.add("XREVRANGE", keys.activity(each.name), bound(before, each), "-", "COUNT", count + 1)
        with answers(self._client):
            _, *streams = _settled(batch.run())
        logs = [_events(each, stream) for each, stream in zip(wanted, streams, strict=True)]
        return _page(logs, count, batch.now_ms(keys.INITIALISED) - RETENTION_MS)

    def search(self, search: Search, count: int, cursor: str | None = None) -> Found:
        """At most `count` events behind `cursor` that match. Raises BadCursor, StoreUnavailable, StoreRefused."""
        known = self._exchanges()
        return Searching(self._client, known, search, place(cursor, known)).page(count)

    def searching(self, search: Search) -> Searching:
        """The same for whoever goes through many pages."""
        return Searching(self._client, self._exchanges(), search, is_long=True)

    def past(self, at_ms: int, count: int = 50, exchange: str | None = None) -> PastNetwork:
        """The network as it was at that Unix millisecond, or one exchange of it.

        Raises UnknownExchange, StoreUnavailable, StoreRefused.
        """
        return Past(self._client, self._named(exchange)).at(at_ms, count)

    def _named(self, exchange: str | None) -> list[Exchange]:
        known = self._exchanges()
        wanted = [known_ for known_ in known if exchange in (None, known_.name)]
        if exchange is not None and not wanted:
            raise UnknownExchange(exchange, tuple(known_.name for known_ in known))
        return wanted

    def store_state(self) -> StoreNotice:
        """Does the store answer and serve us, and does each server that an exchange needs take writes?"""
        batch = Batch(self._client, with_info=True)
        batch.add("EXISTS", keys.INITIALISED)
        exchanges = self._exchanges()
        for exchange in exchanges:
            batch.add("EXISTS", keys.status(exchange.id))
            batch.add("EXISTS", keys.activity(exchange.name))
            for names in exchange.written:
                batch.add_script(*names)
        try:
            with answers(self._client):
                _settled(batch.run())
        except (StoreUnavailable, StoreRefused) as error:
            return StoreNotice.failing(error)
        refusing = tuple(of(batch, error, exchanges) for error in batch.refusals())
        return StoreNotice(True).refusing_by(refusing or self._lacking())

    def _read(self, exchanges: Sequence[Exchange], count: int, refusals: Refusals) -> NetworkView:
        batch = Batch(self._client, with_info=True)
        batch.add("GET", keys.INITIALISED)
        hosts.add(batch)
        for exchange in exchanges:
            for command in _commands(exchange, count):
                batch.add(*command)
            if self._has_nodes:
                for names in exchange.written:
                    batch.add_script(*names)
        sent_at = self._clock.elapsed()
        with answers(self._client):
            initialised, hands, *rest = _settled(batch.run())
        now_ms = batch.now_ms(keys.INITIALISED)
        self._store_clock.heard(now_ms, sent_at, self._clock.elapsed())
        restarted = self._restarts.ms_ago(keys.INITIALISED, batch)
        store = StoreNotice(True, None, initialised is None, initialised != "not kept", restarted)
        store = store.refusing_by(refusals.told(batch, exchanges))
        parts = [rest[at : at + COMMANDS_EACH] for at in range(0, len(rest), COMMANDS_EACH)]
        logs, statuses, capped = [], [], []
        for exchange, part in zip(exchanges, parts, strict=True):
            logs.append(_events(exchange, part[3]))
            reading = _reading(exchange, part)
            statuses.append(self._judged(reading, batch, store) if self._has_nodes else judge(reading, now_ms, store))
            if _is_cut(part[4], now_ms):
                capped.append(exchange.name)
        page = _page(logs, count, now_ms - RETENTION_MS)
        reports, has_hosts = tuple(hosts.told(batch, hands)), not isinstance(hands, Exception)
        shown, cut = tuple(statuses), tuple(capped)
        return NetworkView(now_ms, shown, page.events, page.older, store, cut, now_ms, reports, has_hosts)

    def _judged(self, reading: Reading, batch: Batch, store: StoreNotice) -> ExchangeStatus:
        """By the clock and the memory of the server that has its lease, for a Cluster.

        The mark of `perseus init` speaks for its own node only: there a log without a last record shows
        that the node of the lease was emptied.
        """
        key = keys.status(reading.exchange.id)
        is_emptied = store.emptied or reading.newest is not None
        restarted = self._restarts.ms_ago(key, batch)
        if (is_emptied, restarted) != (store.emptied, store.restarted_ms_ago):
            store = replace(store, emptied=is_emptied, restarted_ms_ago=restarted)
        return judge(reading, batch.now_ms(key), store)

    def _last_known(self, exchanges: Sequence[Exchange], found: StoreNotice) -> NetworkView:
        latest = self._latest
        known = {status.exchange: status for status in latest.exchanges} if latest else {}
        nothing = ExchangeStatus(
            Exchange(1, "none", ""), Condition.UNKNOWN, False, None, None, None, None, f"the data store {found.silence}"
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
        notice = found
        if latest:
            known_of_it = latest.store.refusing_by(())
            notice = replace(known_of_it, answers=False, reason=found.reason, denied=found.denied)
        events = latest.events if latest else ()
        capped, read_at_ms = (latest.capped, latest.read_at_ms) if latest else ((), None)
        last, now_ms = latest.hosts if latest and latest.has_hosts else None, self._store_clock.now_ms()
        return NetworkView(now_ms, statuses, events, None, notice, capped, read_at_ms, last_hosts=last)


@lru_cache(maxsize=2048)  # the same at each poll
def _commands(exchange: Exchange, count: int) -> tuple[tuple[str, str, *tuple[str | int, ...]], ...]:
    status, log = keys.status(exchange.id), keys.activity(exchange.name)
    return (
        ("GET", status),
        ("PTTL", status),
        ("HMGET", keys.last_record(exchange.id), *LAST_FIELDS),
        ("XREVRANGE", log, "+", "-", "COUNT", count + 1),
        ("HGET", keys.activity_meta(exchange.name), "cut_before_ms"),
    )


def _is_cut(cut_before_ms: Any, now_ms: int) -> bool:
    """Has the storm cap cut inside the last 90 days?"""
    is_time = isinstance(cut_before_ms, str) and cut_before_ms.isdecimal()
    return is_time and int(cut_before_ms) > now_ms - RETENTION_MS


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

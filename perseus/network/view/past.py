"""The network as it was: rebuilt from the activity logs, two pipelines a server at most however many exchanges."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import redis

from perseus import keys
from perseus.network import payload
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS, Event
from perseus.network.view.networkview import NetworkView
from perseus.network.view.pastreading import PastReading, first_transition, judge
from perseus.network.view.reading import LAST_FIELDS, LastRecord, StoreNotice, last_record
from perseus.store import Client, answers
from perseus.store.batch import Batch

COMMANDS_EACH = 5
NO_RECORD = [None] * len(LAST_FIELDS)
LOOKED_AT = 1_000  # entries of one log, where the newest ones are no transitions


@dataclass(frozen=True, slots=True)
class PastNetwork:
    """`view`: seen from that time, `now_ms`; `read_at_ms` is the store's present. Nothing in it is a heartbeat.

    `previous_ms`, `next_ms`: when a state changed last before that time, and first after it.
    """

    view: NetworkView
    previous_ms: int | None
    next_ms: int | None


class Past:
    """Reads how these exchanges were."""

    def __init__(self, client: Client, exchanges: Sequence[Exchange]) -> None:
        self._client = client
        self._exchanges = exchanges

    def at(self, at_ms: int, count: int) -> PastNetwork:
        """At that Unix millisecond of the store, with the newest `count` events until then.

        Raises StoreUnavailable, StoreRefused.
        """
        read, now_ms, capped = self._read(at_ms, count)
        read = self._looked_further(read, at_ms, count)
        before = [each.before for each in read]
        merged = list(islice(heapq.merge(*before, key=lambda event: event.order, reverse=True), count + 1))
        older = merged[count - 1].name if len(merged) > count else None
        statuses = tuple(judge(each, at_ms) for each in read)
        view = NetworkView(at_ms, statuses, tuple(merged[:count]), older, StoreNotice(True), capped, now_ms)
        changes = [change.at_ms for each in read if (change := first_transition(each.before))]
        following = [change.at_ms for each in read if (change := first_transition(each.after))]
        return PastNetwork(view, max(changes, default=None), min(following, default=None))

    def _read(self, at_ms: int, count: int) -> tuple[list[PastReading], int, tuple[str, ...]]:
        batch = Batch(self._client)
        batch.add("GET", keys.INITIALISED)
        for exchange in self._exchanges:
            log = keys.activity(exchange.name)
            batch.add("GET", keys.status(exchange.id))
            batch.add("HMGET", keys.last_record(exchange.id), *LAST_FIELDS)
            batch.add("XREVRANGE", log, at_ms, "-", "COUNT", count + 1)
            batch.add("XRANGE", log, at_ms + 1, "+", "COUNT", count)
            batch.add("HGET", keys.activity_meta(exchange.name), "cut_before_ms")
        with answers(self._client):
            _, *rest = batch.run()
        now_ms = batch.now_ms(keys.INITIALISED)
        parts = [rest[at : at + COMMANDS_EACH] for at in range(0, len(rest), COMMANDS_EACH)]
        read = [_reading(each, part, now_ms) for each, part in zip(self._exchanges, parts, strict=True)]
        return read, now_ms, tuple(each.exchange.name for each in read if each.cut_before_ms > at_ms)

    def _looked_further(self, read: list[PastReading], at_ms: int, count: int) -> list[PastReading]:
        """The same; where a storm of errors hides the transitions, with more of the log."""
        hidden = [
            each
            for each in read
            if (len(each.before) > count and not first_transition(each.before))
            or (len(each.after) >= count and not first_transition(each.after))
        ]
        if not hidden:
            return read
        batch = Batch(self._client)
        for each in hidden:
            log = keys.activity(each.exchange.name)
            batch.add("XREVRANGE", log, at_ms, "-", "COUNT", LOOKED_AT)
            batch.add("XRANGE", log, at_ms + 1, "+", "COUNT", LOOKED_AT)
        with answers(self._client):
            results = batch.run()
        more = {
            each.exchange: replace(
                each, before=_events(each.exchange, results[2 * at]), after=_events(each.exchange, results[2 * at + 1])
            )
            for at, each in enumerate(hidden)
        }
        return [more.get(each.exchange, each) for each in read]


def _reading(exchange: Exchange, part: list[Any], now_ms: int) -> PastReading:
    status, last, before, after, cut = part
    told = payload.parse(status) if isinstance(status, str) else None
    is_cut = isinstance(cut, str) and cut.isdecimal()
    oldest_ms = now_ms - RETENTION_MS
    return PastReading(
        exchange,
        tuple(event for event in _events(exchange, before) if event.at_ms >= oldest_ms),
        _events(exchange, after),
        told,
        _record(last),
        int(cut) if is_cut else 0,
    )


def _record(last: Any) -> LastRecord | None:
    try:
        return last_record(_of_key(last, NO_RECORD))
    except ValueError:
        return None


def _events(exchange: Exchange, stream: Any) -> tuple[Event, ...]:
    return tuple(Event(exchange, id_, fields) for id_, fields in _of_key(stream, ()))


def _of_key(result: Any, instead: Any) -> Any:
    # A key of another type is shown on the card of today. Here it only leaves less to go by.
    if isinstance(result, redis.exceptions.ResponseError) and "WRONGTYPE" in str(result):
        return instead
    if isinstance(result, Exception):
        raise result
    return result

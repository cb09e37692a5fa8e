"""Looking through the activity logs: newest first, in bounded work, with a cursor wherever the looking stopped.

One pipeline reads a part of every log. Only where few entries match does a page take more than one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import redis

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS, Event
from perseus.network.log.cursors import Place, bound
from perseus.network.log.search import Search
from perseus.store import Client, answers
from perseus.store.batch import Batch

ROUNDS = 4
READ_AT_ONCE = 2_000
LEAST_EACH = 16


@dataclass(frozen=True, slots=True)
class Found:
    """Events newest first. `older`: the cursor to go on with, None when everything was looked through.

    `looked_to_ms`: when fewer were found than wanted and the work was bounded, how far back it came.
    """

    events: tuple[Event, ...]
    older: str | None
    looked_to_ms: int | None = None


@dataclass(slots=True)
class Log:
    """One log and what was read of it ahead, each with its place among all events.

    `bound`: where the next part begins; None: it is read to its end.
    """

    exchange: Exchange
    bound: str | None
    ahead: deque[tuple[Place, Event]] = field(default_factory=deque)


class Searching:
    """One search through these logs, behind `before`. Raises StoreUnavailable and StoreRefused as it reads.

    `is_long`: many pages will be asked for, so a part of a log serves more than one of them.
    """

    def __init__(
        self,
        client: Client,
        exchanges: Sequence[Exchange],
        search: Search,
        before: Place | None = None,
        *,
        is_long: bool = False,
    ) -> None:
        self._client = client
        self._search = search
        self._reads_pages = search.is_plain and not is_long
        wanted = [each for each in exchanges if search.exchange in (None, each.name)]
        self._logs = [Log(each, _upper(search, before, each)) for each in wanted]
        self._lower = "-" if search.from_ms is None else str(max(search.from_ms, 0))
        self._next: deque[Event] = deque()

    def page(self, count: int) -> Found:
        """At most `count` events that match; called again, those behind them."""
        found: list[Event] = []
        last: Event | None = None
        for _ in range(ROUNDS):
            if not self._next:
                self._read_on(count)
                self._next.extend(self._in_order())
            while self._next:
                last = self._next.popleft()
                if not self._search.matches(last):
                    continue
                if len(found) == count:
                    self._next.appendleft(last)
                    return Found(tuple(found), found[-1].name)
                found.append(last)
            if not any(log.bound for log in self._logs):
                return Found(tuple(found), None)
        assert last is not None  # a log that goes on gave entries
        return Found(tuple(found), last.name, last.at_ms)

    def _read_on(self, count: int) -> None:
        """Read a part of every log that has run dry, in one pipeline."""
        dry = [log for log in self._logs if log.bound and not log.ahead]
        if not dry:
            return
        # A log alone may fill a page, so of few logs as much is read; of very many, only so much that rounds suffice.
        most = count + 1 if self._reads_pages else READ_AT_ONCE
        each = max(LEAST_EACH, min(most, READ_AT_ONCE // len(dry)))
        batch = Batch(self._client)
        for log in dry:
            batch.add("XREVRANGE", keys.activity(log.exchange.name), str(log.bound), self._lower, "COUNT", each)
        with answers(self._client):
            parts = batch.run()
        for log, part in zip(dry, parts, strict=True):
            entries = _entries(part)
            oldest_ms = batch.now_ms(keys.activity(log.exchange.name)) - RETENTION_MS
            events = (Event(log.exchange, id_, fields) for id_, fields in entries)
            placed = ((event.order, event) for event in events)
            log.ahead = deque((at, event) for at, event in placed if at[0] >= oldest_ms)
            is_end = len(entries) < each or len(log.ahead) < len(entries)
            log.bound = None if is_end else f"({entries[-1][0]}"

    def _in_order(self) -> list[Event]:
        """What was read ahead and can be told to be next, newest first; it is taken from the logs.

        Behind the place where a log ran dry another part of it may belong between what was read of the others.
        """
        horizon = max((log.ahead[-1][0] for log in self._logs if log.bound), default=(0, 0, 0))
        sure: list[tuple[Place, Event]] = []
        for log in self._logs:
            while log.ahead and log.ahead[0][0] >= horizon:
                sure.append(log.ahead.popleft())
        return [event for _, event in sorted(sure, key=itemgetter(0), reverse=True)]


def _upper(search: Search, before: Place | None, exchange: Exchange) -> str:
    """Where to begin in this log: at the cursor or at the end of the time asked for, whichever comes first."""
    if search.to_ms is None or (before is not None and before[0] < search.to_ms):
        return bound(before, exchange)
    return f"({max(search.to_ms, 1)}-0"


def _entries(part: Any) -> list[Any]:
    if isinstance(part, redis.exceptions.ResponseError) and "WRONGTYPE" in str(part):
        return []  # this key is no log: that is shown on its card and costs no other log
    if isinstance(part, Exception):
        raise part
    return list(part)

"""What can be seen of all logs at one moment, in one pipeline a server: read once a second for all lanes together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perseus import keys
from perseus.clock import Clock, StoreClock
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.configuration import Maintenance
from perseus.notify.lanes.position import number
from perseus.notify.system import DISPATCHER, log_key
from perseus.notify.told.standing import Mark
from perseus.store import Client
from perseus.store.batch import Batch

NOTHING = Mark("0-0", None)


@dataclass(frozen=True, slots=True)
class Outlook:
    """`newest`: by exchange name, the newest event of its log; `0-0` for an empty one, missing where it is unreadable.

    `maintenance`: by exchange name. `ordered`: keys of the lists that hold orders. `now_ms`: the store's time.
    """

    now_ms: int
    newest: Mapping[str, Mark] = field(default_factory=dict)
    maintenance: Mapping[str, Maintenance] = field(default_factory=dict)
    ordered: frozenset[str] = frozenset()


def look(client: Client, exchanges: Sequence[Exchange], orders: Iterable[str] = ()) -> Outlook:
    """Look at every log, and at these lists of orders. Raises StoreUnavailable, StoreRefused."""
    lists = list(orders)
    batch = Batch(client)
    batch.add("XREVRANGE", keys.DISPATCH_LOG, "+", "-", "COUNT", 1)
    for exchange in exchanges:
        batch.add("XREVRANGE", keys.activity(exchange.name), "+", "-", "COUNT", 1)
    for exchange in exchanges:
        batch.add("GET", keys.maintenance(exchange.id))
    for key in lists:
        batch.add("LLEN", key)
    found = batch.run()
    known, rest = [DISPATCHER, *exchanges], found[1 + len(exchanges) :]
    marks = {one.name: mark(entries) for one, entries in zip(known, found, strict=False)}
    announced = {one.name: maintenance(text) for one, text in zip(exchanges, rest, strict=False)}
    return Outlook(
        batch.now_ms(keys.DISPATCH_LOG),
        {name: one for name, one in marks.items() if one is not None},
        {name: one for name, one in announced.items() if one is not None},
        frozenset(key for key, length in zip(lists, rest[len(exchanges) :], strict=True) if length and _counts(length)),
    )


class Horizon:
    """The newest look at all logs. `orders()`: keys of the lists of orders to look at. Safe from any thread."""

    def __init__(
        self,
        client: Client,
        exchanges: Callable[[], Sequence[Exchange]],
        orders: Callable[[], Iterable[str]],
        store_clock: StoreClock,
        clock: Clock,
    ) -> None:
        self._client = client
        self._exchanges = exchanges
        self._orders = orders
        self._store_clock = store_clock
        self._clock = clock
        self._latest = Outlook(0)

    def __call__(self) -> Outlook:
        """As it was seen last; one without anything before that."""
        return self._latest

    def look(self) -> Outlook:
        """Look again. Raises StoreUnavailable, StoreRefused."""
        sent_at = self._clock.elapsed()
        seen = look(self._client, self._exchanges(), self._orders())
        self._store_clock.heard(seen.now_ms, sent_at, self._clock.elapsed())
        self._latest = seen
        return seen


def newest_events(client: Client, exchanges: Sequence[Exchange]) -> Mapping[str, Event]:
    """The newest event of each log that has any. Raises StoreUnavailable, StoreRefused."""
    known = (DISPATCHER, *exchanges)
    batch = Batch(client)
    for exchange in known:
        batch.add("XREVRANGE", log_key(exchange), "+", "-", "COUNT", 1)
    found = zip(known, batch.run(), strict=True)
    return {one.name: Event(one, *entries[0]) for one, entries in found if isinstance(entries, list) and entries}


def mark(entries: Any) -> Mark | None:
    """Of what XREVRANGE gave; None for a key of another type."""
    if not isinstance(entries, list):
        return None
    if not entries:
        return NOTHING
    stream_id, fields = entries[0]
    return Mark(str(stream_id), number(fields.get("seq")))


def maintenance(text: Any) -> Maintenance | None:
    """What its owner announced; None for nothing, and for what is no announcement."""
    try:
        return Maintenance.model_validate_json(text) if isinstance(text, str) else None
    except ValueError:
        return None


def log_keys(exchanges: Sequence[Exchange]) -> Mapping[str, str]:
    """Names of exchanges by the keys of their logs, as the hint names them."""
    return {log_key(exchange): exchange.name for exchange in (DISPATCHER, *exchanges)}


def _counts(length: Any) -> bool:
    return isinstance(length, int) and length > 0

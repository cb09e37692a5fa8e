"""What an exchange said of itself, kept in the store: a start soon after reads it there and asks the exchange nothing.

The time of the exchange is kept as its distance from the store's clock, which all hosts share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from redis.exceptions import ResponseError

from perseus import keys
from perseus.errors import StoreCorrupt
from perseus.exchanges.budget.ledger import Caller
from perseus.exchanges.symbols import Listing, Listings, Status
from perseus.exchanges.wire.request import Limit
from perseus.market.timeframes import LATEST_MS
from perseus.store import Client, answers, now_ms, where

FRESH_MS = 15 * 60_000
"""So long what was read stands for the exchange's own answer."""
KEPT_SECONDS = 24 * 3_600
FARTHEST_MS = 24 * 3_600_000
"""No clock of an exchange is farther from the store's."""
LONGEST_INTERVAL_MS, MOST = 31 * FARTHEST_MS, 10**9
"""What an exchange may limit: junk beyond it is no limit, and is asked for anew."""


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    symbol: str
    base: str
    quote: str
    status: Status
    native: str
    alias_of: str | None = None


class _Limit(msgspec.Struct, frozen=True, rename="camel"):
    kind: str
    interval_ms: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_INTERVAL_MS)]
    amount: Annotated[int, msgspec.Meta(ge=1, le=MOST)]
    is_calendar: bool


class _Kept(msgspec.Struct, frozen=True, rename="camel"):
    source: str
    at_ms: Annotated[int, msgspec.Meta(ge=0, lt=LATEST_MS)]
    offset_ms: Annotated[int, msgspec.Meta(ge=-FARTHEST_MS, le=FARTHEST_MS)]
    limits: tuple[_Limit, ...]
    listings: tuple[_Row, ...]


@dataclass(frozen=True)
class Recollection:
    """`at_ms`: when the exchange said it, by the store's clock. `offset_ms`: how far the exchange's is ahead of that.

    `source`: its restUrl, as a simulated exchange has the same id. `listings`: also those that it lists no more.
    """

    source: str
    at_ms: int
    offset_ms: int
    limits: tuple[Limit, ...]
    listings: Listings

    def is_fresh(self, store_ms: int) -> bool:
        """May it stand for the exchange's own answer at this time of the store?"""
        return 0 <= store_ms - self.at_ms < FRESH_MS

    def to_json(self) -> bytes:
        """As it is kept: `{source, atMs, offsetMs, limits: [...], listings: [...]}`."""
        limits = tuple(_Limit(one.kind, one.interval_ms, one.amount, one.is_calendar) for one in self.limits)
        rows = tuple(
            _Row(one.symbol, one.base, one.quote, one.status, one.native, one.alias_of) for one in self.listings
        )
        return _encode(_Kept(self.source, self.at_ms, self.offset_ms, limits, rows))

    @classmethod
    def from_json(cls, text: str | bytes) -> Recollection:
        """What `to_json` wrote. Raises ValueError for anything else."""
        try:
            kept = _decode(text)
            limits = tuple(Limit(one.kind, one.interval_ms, one.amount, one.is_calendar) for one in kept.limits)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(str(error)) from None
        listings = Listings.of(
            Listing(row.symbol, row.base, row.quote, row.status, row.native, row.alias_of) for row in kept.listings
        )
        return cls(kept.source, kept.at_ms, kept.offset_ms, limits, listings)


def read(client: Client, exchange_id: int) -> Recollection | None:
    """What is kept of this exchange, None where nothing is. Raises StoreCorrupt, and errors as `answers`."""
    key = keys.listings(exchange_id)
    try:
        with answers(client):
            text = client.get(key)
    except ResponseError as error:
        if "WRONGTYPE" in str(error):
            raise StoreCorrupt(where(client), key) from None
        raise
    if text is None:
        return None
    try:
        return Recollection.from_json(text)
    except ValueError:
        raise StoreCorrupt(where(client), key) from None


def keep(client: Client, exchange_id: int, recollection: Recollection) -> None:
    """Keep it for a day, in place of whatever is there. Errors as `answers`."""
    with answers(client):
        client.set(keys.listings(exchange_id), recollection.to_json(), ex=KEPT_SECONDS)


class Memory:
    """The same behind a Caller, for one exchange at one `source`. `store_ms`: the store's time; None: ask it."""

    def __init__(
        self, client: Client, exchange_id: int, source: str, call: Caller, store_ms: Callable[[], int] | None = None
    ) -> None:
        self._client = client
        self._exchange_id = exchange_id
        self._source = source
        self._call = call
        self._store_ms = store_ms

    async def now_ms(self) -> int:
        """Unix milliseconds by the store's clock. Errors as `answers`."""
        return self._store_ms() if self._store_ms else await self._call(self._asked)

    async def read(self) -> Recollection | None:
        """What is kept of this source; of another it is as nothing. Errors as of the function `read`."""
        found = await self._call(lambda: read(self._client, self._exchange_id))
        return found if found and found.source == self._source else None

    async def keep(self, at_ms: int, offset_ms: int, limits: Sequence[Limit], listings: Listings) -> None:
        """Keep what was said at `at_ms` of the store, and how far the exchange's clock is ahead. Errors as `keep`."""
        said = Recollection(self._source, at_ms, offset_ms, tuple(limits), listings)
        await self._call(lambda: keep(self._client, self._exchange_id, said))

    def _asked(self) -> int:
        with answers(self._client):
            return now_ms(self._client, keys.listings(self._exchange_id))


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode

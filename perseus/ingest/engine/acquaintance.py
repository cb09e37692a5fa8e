"""What the exchange says of itself, its time, its limits and its symbols: remembered at a start, read again at work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from perseus.clock import iso
from perseus.errors import PerseusError, StoreCorrupt
from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.recollection import Recollection
from perseus.exchanges.symbols import Changed, Listings
from perseus.exchanges.wire.request import Limit
from perseus.ingest.engine.disbelief import AGAIN_SECONDS as DOUBTED_SECONDS
from perseus.ingest.engine.disbelief import Disbelief
from perseus.ingest.engine.ports import Ports
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.engine.writer import Say
from perseus.market.candle import Pair
from perseus.market.timeframes import MINUTE

log = logging.getLogger(__name__)

EVERY_SECONDS = 600.0
"""Between two readings: so that what is remembered is fresh whenever the process ends and for five minutes more."""
AGAIN_SECONDS = 60.0
HOLD_SECONDS = 5.0
"""Requests wait no longer for the limits of a new minute."""
LOOK_SECONDS = 5.0
TRUSTED_MS = 5_000
"""A clock that was remembered farther from the store's is not believed: candles and budgets would wait on it."""

FIRST_WAIT, LONGEST_WAIT = 10.0, 60.0
"""A start asks again so long after a list with nothing in it, twice as long each further time up to the longest."""

EMPTY = (
    "The exchange's list of symbols is empty, which is strange: it is asked for again at %s UTC, "
    "and then at least once a minute until it names some."
)
STRANGE = (
    "The exchange's list of symbols lacks all that is taken in, which is strange: "
    "it is believed when it has stayed so for ten minutes."
)
FAR = "The exchange's clock is remembered %+.1f s from the data store's: it is asked for its time before anything else."


class Acquaintance:
    """`listings`: also those that the exchange lists no more, as delisted. A Memory of its Timekeeper.

    `say` is told what a person should know, `changed` what has become of symbols since they were read before.
    """

    def __init__(self, ports: Ports, say: Say, changed: Callable[[list[Changed]], None]) -> None:
        self._ports = ports
        self._say = say
        self._changed = changed
        self.listings = Listings()
        self._limits: tuple[Limit, ...] = ()
        self._store_at: tuple[int, float] | None = None
        self._next = 0.0
        self._minute = 0
        self._reading = asyncio.Lock()
        self._said_ms = 0
        self._disbelief = Disbelief()
        self._ours: tuple[str, ...] = ()
        self.was_ahead_ms = 0

    def store_ms(self) -> int:
        """The time of the store, as it was read once and carried on."""
        assert self._store_at is not None, "it was not met yet"
        store_ms, at = self._store_at
        return store_ms + round((self._time() - at) * 1000)

    async def meet(self, wanted: Wanted) -> Wanted:
        """Learn all that was remembered lately, or ask the exchange; gives what of `wanted` it has.

        Waits for as long as the exchange lists nothing at all.

        Raises UnknownSymbol, TimeframeNotHad, what `Rest.get` does, and the store's errors.
        """
        earlier = await self._remembered()
        store_ms = await self._ports.memory.now_ms()
        self._store_at = store_ms, self._time()
        if earlier is not None and earlier.is_fresh(store_ms) and not earlier.listings.unknown(wanted.symbols):
            await self._recall(earlier, store_ms)
        else:
            await self._ports.rest.calibrate()
            await self._ask_first(earlier.listings if earlier else Listings())
            await self._recognise(wanted)
            await self.keep_time()
        if earlier is not None:
            self.was_ahead_ms = earlier.offset_ms - (self._ports.clock.now_ms() - self.store_ms())
        listed = wanted.listed(self._ports.dialect, self.listings)
        self._ours = listed.symbols
        return listed

    async def run(self) -> None:
        """Read it again every ten minutes, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._time() >= self._next:
                async with self._reading:
                    await self._again()

    async def before_many(self) -> None:
        """To be awaited before one of many requests: in a new minute other limits may hold, which are read first."""
        async with self._reading:
            if self._limits and self._minute != self._now_minute():
                with suppress(TimeoutError):
                    async with asyncio.timeout(HOLD_SECONDS):
                        await self._again()

    async def _again(self) -> None:
        self._minute = self._now_minute()
        try:
            changes = await self._renew()
            if changes is not None:
                self._changed(changes)
        except PerseusError as error:
            log.info("What the exchange lists could not be read again: %s", error)
            self._next = self._time() + AGAIN_SECONDS

    async def _remembered(self) -> Recollection | None:
        try:
            return await self._ports.memory.read()
        except StoreCorrupt as error:
            self._say(f"{error} The exchange is asked anew.")
            return None

    async def _recall(self, earlier: Recollection, store_ms: int) -> None:
        clock = self._ports.clock
        if not clock.is_known or clock.is_doubtful:
            if abs(earlier.offset_ms) > TRUSTED_MS:
                log.warning(FAR, earlier.offset_ms / 1000)
                await self._ports.rest.calibrate()
            else:
                clock.recall(store_ms + earlier.offset_ms)
        self.listings, self._limits, self._said_ms = earlier.listings, earlier.limits, earlier.at_ms
        await self._ports.ledger.learn(earlier.limits)
        self._next = self._time() + EVERY_SECONDS - (store_ms - earlier.at_ms) / 1000

    async def _ask_first(self, earlier: Listings) -> None:
        wait = FIRST_WAIT
        while not (listings := await self._read()):
            at = iso(self._ports.clock.now_ms() + self._ports.clock.passes_ms(wait))[11:19]
            if wait == FIRST_WAIT:
                self._say(EMPTY % at)
            else:
                log.info("The list of symbols is still empty: it is asked for again at %s UTC.", at)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        self._believe(listings, earlier)

    async def _read(self) -> Listings:
        """What the exchange lists, believed or not; the limits that it names hold."""
        dialect = self._ports.dialect
        listings, limits = await self._ports.rest.read(
            dialect.listings_request(), Priority.ADMIN, dialect.parse_listings
        )
        await self._ports.ledger.learn(limits)
        self._limits = limits if listings else limits or self._limits
        self._minute = self._now_minute()
        return listings

    def _believe(self, listings: Listings, earlier: Listings) -> None:
        self.listings = listings.remembering(earlier.by_symbol)
        self._said_ms = self.store_ms()
        self._next = self._time() + EVERY_SECONDS

    async def _recognise(self, wanted: Wanted) -> None:
        """A symbol of which candles are kept was listed once, however long ago."""
        unknown = self.listings.unknown(wanted.symbols)
        if unknown:
            pairs = [Pair(symbol, timeframe) for symbol in unknown for timeframe in wanted.timeframes]
            kept = await self._ports.cache.coverages(pairs)
            self.listings = self.listings.remembering({pair.symbol for pair in pairs if kept[pair].spans})

    async def keep_time(self) -> None:
        """Remember what is known now, the time above all. Raises the store's errors."""
        memory = self._ports.memory
        store_ms = await memory.now_ms()
        self._store_at = store_ms, self._time()
        await memory.keep(self._said_ms, self._ports.clock.now_ms() - store_ms, self._limits, self.listings)

    async def _renew(self) -> list[Changed] | None:
        """What has changed; None: the exchange said what is not believed yet."""
        before, limits = self.listings, self._limits
        listings, was_doubted = await self._read(), self._disbelief.times > 0
        is_believed = self._disbelief.believes(listings, before, self._ours, self._time())
        if is_believed:
            self._believe(listings, before)
        else:
            self._next = self._time() + DOUBTED_SECONDS
            if not was_doubted:
                self._say(STRANGE)
        for line in _told(limits, self._limits):
            self._say(line)
        await self.keep_time()
        return self.listings.since(before) if is_believed else None

    def _now_minute(self) -> int:
        return self._ports.clock.now_ms() // MINUTE

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


def _told(before: Iterable[Limit], now: Iterable[Limit]) -> list[str]:
    """What has become of limits, a line each."""
    known = {(one.kind, one.interval_ms): one.amount for one in before}
    return [
        f"The exchange allows {one.amount} {one.kind} in {one.interval_ms / 1000:g} s now; it was {was}."
        for one in now
        if (was := known.get((one.kind, one.interval_ms), one.amount)) != one.amount
    ]

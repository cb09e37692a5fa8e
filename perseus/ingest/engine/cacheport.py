"""The store as the loop sees it: calls that block run on one thread of their own, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from perseus.exchanges.budget.ledger import Caller
from perseus.ingest.engine.writer import Candles, Say, Told
from perseus.market.cache import CandleCache
from perseus.market.candle import Pair
from perseus.market.coverage import Coverage
from perseus.market.ticker import Ticker
from perseus.market.tickercache import TickerCache

Result = TypeVar("Result")

log = logging.getLogger(__name__)

WORLD = ", world "
NAMED = 3
"""Of many pairs so many are named."""


def in_world(source: str, world: str) -> str:
    """The name of a source, by which its candles are told from those of another world at the same place."""
    return f"{source}{WORLD}{world}" if world else source


class StoreThread:
    """A Caller: runs each call on its thread, one after the other. Close it when nobody waits any more."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Run nothing that has not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class CachePort:
    """The caches behind a Caller; what they cannot keep of a pair is said, and the others go on."""

    def __init__(self, cache: CandleCache, tickers: TickerCache, call: Caller, say: Say) -> None:
        self._cache = cache
        self._tickers = tickers
        self._call = call
        self._say = say

    async def store(
        self, candles: Candles, live: bool, coverage: Mapping[Pair, Coverage], told: Told
    ) -> Collection[Pair]:
        stored = await self._call(lambda: self._cache.store(candles, live, coverage, told))
        for error in stored.corrupt.values():
            self._say(str(error))
        return stored.lost

    async def store_tickers(self, tickers: Sequence[Ticker]) -> None:
        stored = await self._call(lambda: self._tickers.store(tickers))
        for error in stored.corrupt.values():
            self._say(str(error))

    async def claim(self, pairs: Sequence[Pair]) -> None:
        foreign = await self._call(lambda: self._cache.claim(pairs))
        if not foreign:
            return
        named, here = ", ".join(map(str, foreign[:NAMED])), self._cache.source
        if len(foreign) > NAMED:
            named += f" and {len(foreign) - NAMED} more pairs"
        if {_place(one) for one in self._cache.former} == {_place(here)}:
            log.info("What was kept of %s is of another simulated world: it is forgotten and fetched anew.", named)
        else:
            self._say(
                f"What was kept of {named} came from another source than {here}: it is forgotten and fetched anew."
            )

    async def coverages(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        return await self._call(lambda: self._cache.coverages(pairs))


def _place(source: str) -> str:
    """It without its world."""
    return source.partition(WORLD)[0]

"""Holds what is believed of candles against what the store has of them: it may have been emptied, or have lost some."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from perseus.errors import PerseusError, StoreCorrupt
from perseus.exchanges.budget.ledger import Ledger
from perseus.ingest.engine.ports import Cache
from perseus.ingest.engine.series import Series
from perseus.ingest.engine.writer import Say, Writer
from perseus.market.candle import Pair
from perseus.market.coverage import Coverage

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
EVERY_SECONDS = 600.0
"""Between two looks without a reason: of a pair that is written once a day nothing else would tell in time."""
AT_ONCE = 200
"""Pairs that are looked at while nothing is written."""


class Audit:
    """`lacks` is told of each series that has to be fetched anew; `say` what a person should know, once a look."""

    def __init__(
        self,
        cache: Cache,
        writer: Writer,
        ledger: Ledger,
        series: Mapping[Pair, Series],
        now_ms: Callable[[], int],
        lacks: Callable[[Series], None],
        say: Say,
    ) -> None:
        self._cache = cache
        self._writer = writer
        self._ledger = ledger
        self._series = series
        self._now_ms = now_ms
        self._lacks = lacks
        self._say = say

    async def run(self) -> None:
        """Look whenever a write or the ledger has found that something is gone, and now and then; until cancelled."""
        time = asyncio.get_running_loop().time
        emptied, following = self._ledger.emptied, time() + EVERY_SECONDS
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not (self._writer.lost or self._ledger.emptied != emptied or time() >= following):
                continue
            seen = self._ledger.emptied
            try:
                await self.look()
            except PerseusError as error:
                log.info("What the store has of candles cannot be looked at: %s", error)
                continue
            emptied, following = seen, time() + EVERY_SECONDS

    async def look(self) -> None:
        """Believe of all pairs only what is there, and have the rest fetched. Errors as `answers`."""
        pairs, found = list(self._series), 0
        for at in range(0, len(pairs), AT_ONCE):
            async with self._writer.turn:
                for pair, coverage in (await self._kept(pairs[at : at + AT_ONCE])).items():
                    found += self._compared(self._series[pair], coverage)
        if found:
            pairs_of = "one pair" if found == 1 else f"{found} pairs"
            self._say(f"The data store has lost candles of {pairs_of}: they are fetched again.")

    async def _kept(self, pairs: Sequence[Pair]) -> Mapping[Pair, Coverage]:
        try:
            return await self._cache.coverages(pairs)
        except StoreCorrupt:
            if len(pairs) == 1:
                return {}  # the writer names it, and writes nothing of it
            return {pair: coverage for one in pairs for pair, coverage in (await self._kept([one])).items()}

    def _compared(self, series: Series, kept: Coverage) -> bool:
        """Has anything gone that was there? What waits to be written is no loss, where all before it is there."""
        writer, pair = self._writer, series.pair
        is_known = pair in writer.lost
        claimed = series.coverage if is_known else writer.noted.get(pair, Coverage())
        writer.lost.discard(pair)
        is_gone = series.lose(claimed, kept, self._now_ms(), writer.told(pair))
        if is_gone or is_known:
            writer.noted[pair] = kept
            writer.put_coverage(pair, series.coverage)
            self._lacks(series)
        return is_gone

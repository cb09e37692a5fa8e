"""The writer: what waits is bounded, what is finished is never lost, and coverage never runs ahead of its candles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import pytest

from perseus.errors import StoreUnavailable
from perseus.exchanges.clock import ExchangeClock
from perseus.ingest.engine.writer import FINISHED_MAX, TOLD_MAX, Writer
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.network.leasing.fence import WriteFenced
from perseus.outage import Outage
from tests.market.making import BTC, ETH, START, STEP, candle
from tests.simulated.memory import MemoryCache
from tests.simulated.virtual_loop import run


class Watched(MemoryCache):
    """Notes each write; `error` is raised in its place, `seconds` is what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[tuple[list[int], bool, bool]] = []
        self.seconds = 0.0
        self.error: Exception | None = None

    async def store(
        self,
        candles: Mapping[Pair, Sequence[Candle]],
        live: bool,
        coverage: Mapping[Pair, Coverage],
        told: Mapping[Pair, Collection[int]],
    ) -> Collection[Pair]:
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        self.writes.append(([one.open_ms for some in candles.values() for one in some], live, bool(coverage)))
        return await super().store(candles, live, coverage, told)


def works(test: Callable[[Writer, Watched], Awaitable[None]]) -> None:
    """Run it beside a writer."""

    async def main() -> None:
        sink, clock = Watched(), ExchangeClock(asyncio.get_running_loop().time)
        clock.heard(START + STEP + 1_500)
        writer = Writer(sink, clock, Outage(logging.getLogger(__name__), "away", "back"))
        writing = asyncio.create_task(writer.run())
        await test(writer, sink)
        writing.cancel()

    run(main)


def opened(number: int, into: int, close: str = "100") -> Candle:
    return candle(number, is_closed=False, event_ms=START + number * STEP + into, close=close)


def test_of_an_open_candle_the_newest_state_alone_is_written() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        for into in (1_000, 3_000, 2_000):
            writer.put(BTC, opened(0, into), live=True)
        await writer.drained()
        assert sink.writes == [([START], True, False)]
        assert sink.candles[BTC][START].event_ms == START + 3_000

    works(test)


def test_every_finished_candle_is_written_and_told_once() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        for number in range(5):
            writer.put(BTC, candle(number), live=True)
            writer.put(BTC, candle(number), live=True)
        writer.put(BTC, opened(5, 1_000), live=True)
        await writer.drained()
        assert [sink.told[BTC, START + number * STEP] for number in range(6)] == [1, 1, 1, 1, 1, 0]

    works(test)


def test_a_finished_candle_that_the_store_has_lost_is_written_anew_and_not_told_again() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        for number in range(TOLD_MAX + 1):
            writer.put(BTC, candle(number), live=True)
        await writer.drained()
        sink.lose(with_coverage=False)
        for number in (0, 1, TOLD_MAX):
            writer.put(BTC, candle(number), live=True)
        await writer.drained()
        assert list(sink.candles[BTC]) == [START, START + STEP, START + TOLD_MAX * STEP]
        assert [sink.told[BTC, START + number * STEP] for number in (0, 1, TOLD_MAX)] == [2, 1, 1]

    works(test)


def test_what_is_past_is_written_without_being_told_and_before_its_coverage() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        writer.put(BTC, candle(0), live=False)
        writer.put_coverage(BTC, Coverage().verify(START, START + STEP))
        await writer.drained()
        assert sink.writes == [([START], False, False), ([], True, True)]
        assert not sink.told

    works(test)


def test_while_the_store_is_away_what_waits_is_bounded_and_then_all_of_it_stands() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        sink.is_away = True
        for into in range(200):
            for pair in (BTC, ETH):
                writer.put(pair, opened(1, into), live=True)
            writer.put(BTC, candle(0), live=True)
            await asyncio.sleep(0.2)
            assert writer.waiting <= 3
        sink.is_away = False
        await writer.drained()
        assert sink.candles[BTC][START].is_closed
        assert sink.candles[ETH][START + STEP].event_ms == START + STEP + 199

    works(test)


def test_what_comes_during_a_slow_write_is_not_lost_to_what_is_put_back() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        sink.seconds, sink.error = 2, StoreUnavailable("memory", "it is slow")
        writer.put(BTC, opened(0, 1_000), live=True)
        writer.put_coverage(BTC, Coverage().verify(START, START + STEP))
        await asyncio.sleep(1)
        writer.put(BTC, opened(0, 2_000, "107"), live=True)
        writer.put_coverage(BTC, Coverage())
        await asyncio.sleep(2)
        sink.error = None
        await writer.drained()
        assert sink.candles[BTC][START].close == "107"
        assert sink.coverage[BTC] == Coverage()

    works(test)


def test_what_the_cache_would_not_keep_is_forgotten_and_named() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        sink.is_away = True
        for number in range(FINISHED_MAX + 2):
            writer.put(BTC, candle(number), live=True)
        assert writer.waiting == FINISHED_MAX
        assert writer.forgotten == [(BTC, START), (BTC, START + STEP)]

    works(test)


def test_a_later_lease_ends_it() -> None:
    async def main() -> None:
        sink, clock = Watched(), ExchangeClock(asyncio.get_running_loop().time)
        writer = Writer(sink, clock, Outage(logging.getLogger(__name__), "away", "back"))
        sink.error = WriteFenced("candles:1:BTCUSDT:5m", "1", "2")
        writer.put(BTC, candle(0), live=True)
        with pytest.raises(WriteFenced):
            await writer.run()

    run(main)


def test_the_lag_is_from_the_exchange_s_event_to_the_store() -> None:
    async def test(writer: Writer, sink: Watched) -> None:
        writer.put(BTC, candle(0), live=True)
        await writer.drained()
        assert writer.written == writer.lag.count == 1
        assert writer.lag.percentile(0.99) in range(500, 700)

    works(test)

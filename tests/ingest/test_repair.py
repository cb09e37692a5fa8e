"""Repairs: one call a pair, the most urgent first, again after a while when it did not help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import cycle

from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.history import History
from perseus.ingest.engine.repair import WORKERS, Repairs
from perseus.ingest.engine.series import Series
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage, Range
from perseus.market.timeframes import Timeframe
from tests.market.making import BTC, START, STEP, candle
from tests.simulated.virtual_loop import run

NOW = START + STEP + 60_000


class Exchange:
    """Answers after a second with what is in `rows`, or raises `error`."""

    def __init__(self) -> None:
        self.asked: list[tuple[Pair, Range, Priority]] = []
        self.rows, self.refused = [candle(0)], dict[int | None, str]()
        self.error: Exception | None = None
        self.is_worth_it = True
        self.taken: list[Candle] = []
        self.at_once = self.most_at_once = 0
        self.repairs = Repairs(self.fetch, self.take, lambda *_: self.is_worth_it, lambda: NOW, 100, lambda: 0.5)

    async def fetch(self, pair: Pair, asked: Range, priority: Priority) -> tuple[int, History]:
        self.asked.append((pair, asked, priority))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(1)
        self.at_once -= 1
        if self.error:
            raise self.error
        return NOW, History(self.rows, self.refused)

    def take(self, _: Series, candles: list[Candle]) -> None:
        self.taken += candles


def series(pair: Pair = BTC) -> Series:
    """One that lacks the candle of number 0."""
    open_ms = pair.timeframe.open_of(NOW - 5_000)
    known = Coverage().verify(0, pair.timeframe.shift(open_ms, -1))
    return Series(pair, 5, True, True, known)


def works(test: Callable[[Exchange], Awaitable[None]]) -> None:
    """Run it beside an exchange's repairs."""

    async def main() -> None:
        exchange = Exchange()
        working = asyncio.create_task(exchange.repairs.run())
        await test(exchange)
        working.cancel()

    run(main)


def test_what_is_missing_is_asked_for_once_and_exactly() -> None:
    async def test(exchange: Exchange) -> None:
        one = series()
        for _ in range(3):
            exchange.repairs.want(one, Priority.REPAIR)
        await exchange.repairs.drained()
        assert exchange.asked == [(BTC, (START - STEP, START + STEP), Priority.REPAIR)]
        assert exchange.taken == [candle(0)]
        assert exchange.repairs.waiting == 0

    works(test)


def test_what_is_whole_by_its_turn_is_not_asked_for() -> None:
    async def test(exchange: Exchange) -> None:
        one = series()
        exchange.repairs.want(one, Priority.REPAIR)
        one.heard(candle(0))
        await exchange.repairs.drained()
        assert exchange.asked == []

    works(test)


def test_the_most_urgent_goes_first_and_the_longest_timeframe_of_those() -> None:
    async def test(exchange: Exchange) -> None:
        def pair(name: str, timeframe: str = "5m") -> Pair:
            return Pair(name, Timeframe.parse(timeframe))

        busy = [pair(f"BUSY{number}") for number in range(WORKERS)]
        for each in busy:
            exchange.repairs.want(series(each), Priority.ADMIN)
        await asyncio.sleep(0)
        exchange.repairs.want(series(pair("WARM")), Priority.WARMUP)
        exchange.repairs.want(series(pair("SHORT")), Priority.REPAIR)
        exchange.repairs.want(series(pair("LONG", "1h")), Priority.REPAIR)
        late = series(pair("LATE"))
        exchange.repairs.want(late, Priority.WARMUP)
        exchange.repairs.want(late, Priority.BOUNDARY)
        exchange.repairs.want(late, Priority.WARMUP)
        await asyncio.sleep(1.5)
        assert [each.symbol for each, *_ in exchange.asked[WORKERS:]] == ["LATE", "LONG", "SHORT", "WARM"]
        assert exchange.most_at_once == WORKERS

    works(test)


def test_what_failed_is_tried_again_later_and_later() -> None:
    async def test(exchange: Exchange) -> None:
        exchange.error = ValueError("no")
        exchange.repairs.want(series(), Priority.REPAIR)
        await asyncio.sleep(60)
        assert 4 <= len(exchange.asked) <= 8
        exchange.error = None
        await asyncio.sleep(60)
        assert exchange.taken == [candle(0)]

    works(test)


def test_an_exchange_that_alternates_an_answer_and_an_error_is_asked_ever_more_seldom() -> None:
    async def test(exchange: Exchange) -> None:
        exchange.rows, exchange.refused, turns = [], {START: "no candle"}, cycle((None, ValueError("no")))
        fetch = exchange.repairs._fetch

        async def in_turn(pair: Pair, asked: Range, priority: Priority) -> tuple[int, History]:
            exchange.error = next(turns)
            return await fetch(pair, asked, priority)

        exchange.repairs._fetch = in_turn
        exchange.repairs.want(series(), Priority.REPAIR)
        await asyncio.sleep(60)
        assert 4 <= len(exchange.asked) <= 8
        turns, exchange.rows, exchange.refused = cycle((None,)), [candle(0)], {}
        await exchange.repairs.drained()
        await asyncio.sleep(60)
        assert exchange.taken == [candle(0)]

    works(test)


def test_an_answer_that_held_what_was_asked_for_begins_the_waits_anew() -> None:
    async def test(exchange: Exchange) -> None:
        one, exchange.error = series(), ValueError("no")
        exchange.repairs.want(one, Priority.REPAIR)
        await asyncio.sleep(60)
        exchange.error = None
        await asyncio.sleep(60)
        assert exchange.taken == [candle(0)]
        one.coverage, exchange.error = one.coverage.doubt(START, START + STEP), ValueError("no")
        exchange.asked.clear()
        exchange.repairs.want(one, Priority.REPAIR)
        await asyncio.sleep(4)
        assert len(exchange.asked) == 3

    works(test)


def test_what_is_refused_for_good_is_left_alone_and_the_others_go_on() -> None:
    async def test(exchange: Exchange) -> None:
        exchange.error, exchange.is_worth_it = ValueError("gone"), False
        exchange.repairs.want(series(), Priority.REPAIR)
        await asyncio.sleep(60)
        assert len(exchange.asked) == 1
        exchange.error = None
        exchange.repairs.want(series(), Priority.REPAIR)
        await exchange.repairs.drained()
        assert len(exchange.taken) == 1

    works(test)


def test_what_is_wanted_while_it_is_asked_for_is_looked_at_once_more() -> None:
    async def test(exchange: Exchange) -> None:
        one, exchange.rows = series(), [candle(number) for number in range(-4, 1)]
        exchange.repairs.want(one, Priority.REPAIR)
        await asyncio.sleep(0.5)
        one.coverage = one.coverage.doubt(START - 3 * STEP, START - 2 * STEP)
        exchange.repairs.want(one, Priority.REPAIR)
        await exchange.repairs.drained()
        beside = START - 4 * STEP, START - 2 * STEP
        assert [asked for _, asked, _ in exchange.asked] == [(START - STEP, START + STEP), beside]

    works(test)

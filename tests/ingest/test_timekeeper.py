"""The exchange's clock, asked for anew when it is in doubt; what was learnt by a wrong one is unsaid."""

from __future__ import annotations

import asyncio

from perseus.exchanges.clock import ExchangeClock
from perseus.ingest.engine.timekeeper import AGAIN_SECONDS, Timekeeper
from tests.simulated.virtual_loop import BEGIN, run

NOON = 1_790_000_000_000


class Exchange:
    """Tells a time that is `ahead_ms` wrong."""

    def __init__(self) -> None:
        self.time = asyncio.get_running_loop().time
        self.clock = ExchangeClock(self.time)
        self.ahead_ms = 0
        self.asked = 0
        self.tell()

    def true_ms(self) -> int:
        return NOON + round((self.time() - BEGIN) * 1000)

    def tell(self) -> None:
        self.clock.heard(self.true_ms() + self.ahead_ms, self.time())

    async def calibrate(self) -> None:
        self.asked += 1
        for _ in range(2):
            self.tell()


class Doubting(Exchange):
    """Whatever it is asked, its clock is as much in doubt as before."""

    async def calibrate(self) -> None:
        self.asked += 1


def unsaid(ahead_ms: int, then_ms: int, seconds: float) -> tuple[Exchange, list[tuple[int, int]], list[int]]:
    """Of a clock that was so much ahead, and then is told another time: what is unsaid, and when."""
    found: list[tuple[int, int]] = []
    times: list[int] = []

    async def main() -> Exchange:
        exchange = Exchange()
        exchange.ahead_ms = ahead_ms
        await exchange.calibrate()

        def unsay(since: int, until: int) -> None:
            found.append((since, until))
            times.append(exchange.true_ms())

        keeping = asyncio.create_task(Timekeeper(exchange.clock, exchange, unsay).run())
        await asyncio.sleep(100)
        exchange.ahead_ms = then_ms
        exchange.clock.heard(exchange.true_ms() + 5_000_000)
        await asyncio.sleep(seconds)
        keeping.cancel()
        return exchange

    return run(main), found, times


def test_a_clock_that_agrees_is_not_asked_for_again() -> None:
    async def main() -> None:
        exchange = Exchange()
        keeping = asyncio.create_task(Timekeeper(exchange.clock, exchange, lambda *_: None).run())
        await asyncio.sleep(7_200)
        keeping.cancel()
        assert exchange.asked == 0

    run(main)


def test_what_passed_while_it_was_ahead_is_unsaid_once_that_time_has_truly_come() -> None:
    exchange, found, times = unsaid(60_000, 0, 300)
    assert exchange.clock.now_ms() == exchange.true_ms()
    ((since, until),) = found
    assert since == 0, "an exchange that is ahead confirms whoever asks it: nobody knows since when"
    assert until >= NOON + 160_000
    assert times[0] >= NOON + 160_000


def test_a_clock_that_was_behind_has_told_nothing_wrong() -> None:
    exchange, found, _ = unsaid(0, 60_000, 300)
    assert exchange.clock.now_ms() == exchange.true_ms() + 60_000
    assert found == []


def test_an_exchange_that_goes_on_doubting_is_not_asked_without_end() -> None:
    async def main() -> None:
        exchange = Doubting()
        exchange.clock.is_doubtful = True
        keeping = asyncio.create_task(Timekeeper(exchange.clock, exchange, lambda *_: None).run())
        await asyncio.sleep(AGAIN_SECONDS * 10)
        keeping.cancel()
        assert 5 <= exchange.asked <= 11

    run(main)


def test_a_wrong_time_that_is_told_again_is_unsaid_from_its_beginning() -> None:
    found: list[tuple[int, int]] = []

    async def main() -> Exchange:
        exchange = Exchange()
        await exchange.calibrate()
        keeping = asyncio.create_task(Timekeeper(exchange.clock, exchange, lambda *span: found.append(span)).run())
        for ahead_ms in (300_000, 300_000, 0):
            exchange.ahead_ms = ahead_ms
            await asyncio.sleep(100)
            exchange.clock.heard(exchange.true_ms() + 5_000_000)
        await asyncio.sleep(400)
        keeping.cancel()
        return exchange

    run(main)
    [(since_ms, until_ms)] = found
    assert since_ms == 0
    assert until_ms >= NOON + 500_000


class Remembered:
    """A memory of a clock that was so much ahead."""

    def __init__(self, was_ahead_ms: int) -> None:
        self.was_ahead_ms = was_ahead_ms
        self.kept = 0

    async def keep_time(self) -> None:
        self.kept += 1


def remembering(was_ahead_ms: int) -> tuple[Remembered, list[tuple[int, int]]]:
    """What is kept and unsaid in three minutes, in the first of which the clock is doubted once."""
    found: list[tuple[int, int]] = []
    memory = Remembered(was_ahead_ms)

    async def main() -> None:
        exchange = Exchange()
        await exchange.calibrate()
        keeper = Timekeeper(exchange.clock, exchange, lambda *span: found.append(span), memory)
        keeping = asyncio.create_task(keeper.run())
        await asyncio.sleep(10)
        exchange.clock.heard(exchange.true_ms() + 5_000_000)
        await asyncio.sleep(170)
        keeping.cancel()

    run(main)
    return memory, found


def test_what_an_earlier_process_learnt_by_a_clock_that_was_ahead_is_unsaid_once_that_time_has_passed() -> None:
    _, [(since_ms, until_ms)] = remembering(60_000)
    assert since_ms == 0
    assert NOON + 60_000 <= until_ms <= NOON + 70_000


def test_a_clock_that_was_as_right_as_ours_unsays_nothing() -> None:
    _, found = remembering(500)
    assert found == []


def test_a_time_that_was_asked_for_anew_is_remembered() -> None:
    memory, _ = remembering(0)
    assert memory.kept == 1

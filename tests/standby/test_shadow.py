"""A standby that hears the same streams goes on from there: nothing it heard is asked for, and no candle is missing."""

from __future__ import annotations

import pytest

from perseus.ingest.standby import shadow
from perseus.market.candle import Candle
from perseus.simulator.faults.fault import Fault
from tests.simulated.memory import MemoryCache
from tests.simulated.virtual_loop import run
from tests.standby.reserve import Reserve, Site

BINANCE = ("binance", ("BTCUSDT", "ETHUSDT"), ("1m", "5m", "1h"))
COINBASE = ("coinbase", ("BTC-USD",), ("5m", "1h"))


def test_what_ended_while_nobody_wrote_is_written_and_told_once_and_never_asked_for() -> None:
    async def main() -> None:
        async with Site(*BINANCE) as primary:
            await primary.pass_time(200)
            reserve = Reserve.of(primary)
            await reserve.stand_by()
            await primary.pass_time(400)
            since_ms = primary.world.clock.now_ms()
            await primary.stop()
            await reserve.pass_time(150)
            calls = reserve.calls()
            await reserve.promote()
            assert reserve.calls() == calls, "all was heard"
            await reserve.pass_time(300)
            assert reserve.calls() == calls
            assert reserve.differences() == []
            assert reserve.untold(since_ms) == []
            await reserve.stop()

    run(main)


def test_of_what_the_primary_has_written_nothing_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with Site(*BINANCE) as primary:
            reserve = Reserve.of(primary)
            await reserve.stand_by()
            await primary.pass_time(1_000)
            await primary.stop()
            heard = sum(len(kept.finished) for kept in reserve.shadow.kept.values())
            assert heard > 30
            written: list[Candle] = []
            monkeypatch.setattr(MemoryCache, "_take", lambda cache, pair, state, live: written.append(state))
            await reserve.promote()
            assert [candle for candle in written if candle.is_closed] == []
            await reserve.stop()

    run(main)


def test_while_it_stands_by_it_asks_for_no_candle_and_writes_nothing() -> None:
    async def main() -> None:
        async with Site(*BINANCE) as primary:
            await primary.pass_time(120)
            calls, kept = primary.calls(), dict(primary.cache.coverage)
            await primary.stop()
            reserve = Reserve.of(primary)
            await reserve.stand_by()
            await reserve.pass_time(600)
            assert reserve.shadow.messages > 100
            assert primary.calls() == calls
            assert primary.cache.coverage == kept
            for task in reserve.tasks:
                task.cancel()
            await reserve.streams.close()

    run(main)


def test_what_it_missed_itself_is_asked_for_and_nothing_else() -> None:
    async def main() -> None:
        lost = Fault("reset", "binance", after_ms=260_000)
        async with Site(*BINANCE, faults=[lost]) as primary:
            reserve = Reserve.of(primary)
            await reserve.stand_by()
            await primary.pass_time(200)
            await primary.stop()
            await reserve.pass_time(200)
            await reserve.promote()
            await reserve.pass_until_quiet()
            assert reserve.differences() == []
            await reserve.stop()

    run(main)


def test_where_a_stream_tells_of_no_end_and_brings_not_all_the_rest_is_asked_for() -> None:
    async def main() -> None:
        async with Site(*COINBASE) as primary:
            reserve = Reserve.of(primary)
            await reserve.stand_by()
            await primary.pass_time(700)
            await primary.stop()
            await reserve.pass_time(100)
            await reserve.promote()
            await reserve.pass_until_quiet()
            assert reserve.differences() == []
            await reserve.stop()

    run(main)


def test_what_it_keeps_is_bounded_and_what_it_forgot_is_asked_for() -> None:
    async def main() -> None:
        async with Site("binance", ["BTCUSDT"], ["1m"]) as primary:
            await primary.stop()
            reserve = Reserve.of(primary)
            await reserve.stand_by()
            await reserve.pass_time(60 * (shadow.KEPT + 40))
            (kept,) = reserve.shadow.kept.values()
            assert len(kept.finished) == shadow.KEPT
            assert kept.series.coverage.verified[0][0] == min(kept.finished)
            await reserve.promote()
            await reserve.pass_until_quiet()
            assert reserve.differences() == []
            await reserve.stop()

    run(main)


def test_what_a_lost_stream_said_last_is_in_doubt() -> None:
    async def main() -> None:
        async with Site("binance", ["BTCUSDT"], ["1m"]) as primary:
            reserve = Reserve.of(primary)
            await reserve.stand_by()
            await reserve.pass_time(300)
            ((pair, kept),) = reserve.shadow.kept.items()
            newest_ms = max(kept.finished)
            assert kept.series.coverage.verified[-1][1] == newest_ms + 60_000
            reserve.shadow.on_doubt([pair], newest_ms, "a test")
            assert kept.series.coverage.verified[-1][1] == newest_ms

    run(main)

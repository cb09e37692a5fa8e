"""A new connection before the old one ends: nothing is missing, nothing comes twice."""

from __future__ import annotations

import asyncio

import pytest

from perseus.exchanges.streams.doubts import MARGIN_MS
from perseus.exchanges.wire.transport import TransportError
from tests.simulated.virtual_loop import run
from tests.streams.exchange import exchange_ms, kline, talk
from tests.streams.staged import Stage, pairs

NAMES = ["btcusdt@kline_1m", "ethusdt@kline_1m"]
HOUR = 3600.0
SHAPES = {
    "raw": lambda: {"e": "serverShutdown", "E": exchange_ms()},
    "combined": lambda: {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": exchange_ms()}},
}


def told_once(stage: Stage, seconds: float) -> None:
    """Each state that the exchange sent since the beginning came out once, and none is missing."""
    times = [event.candle.event_ms for event in stage.told.candles if event.pair.symbol == "BTCUSDT"]
    assert len(times) == len(set(times))
    assert times == list(range(times[0], times[-1] + 1, 2000))
    assert len(times) >= seconds / 2 - 2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("notice", [8.0, 600.0])
def test_a_shutdown_that_is_announced_loses_nothing(shape: str, notice: float) -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        talking = talk(stage.exchange, NAMES)
        await asyncio.sleep(10)
        old = stage.socket
        old.say(SHAPES[shape]())
        await asyncio.sleep(notice)
        old.end(1001)
        await asyncio.sleep(20)
        assert stage.told.doubts == []
        assert len(stage.exchange.sockets) == 2
        told_once(stage, 30 + notice)
        (view,) = stage.streams.views().values()
        assert view.rollovers == 1
        assert view.duplicates > 0
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_a_shutdown_at_once_is_a_loss_whose_doubt_begins_with_the_last_message() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        talking = talk(stage.exchange, NAMES)
        await asyncio.sleep(10)
        stage.socket.say(SHAPES["raw"]())
        said_ms = exchange_ms()
        stage.socket.end(1001)
        await asyncio.sleep(20)
        ((_, subjects, since_ms, _),) = stage.told.doubts
        assert subjects == pairs("BTCUSDT 1m", "ETHUSDT 1m")
        assert since_ms == said_ms - MARGIN_MS
        assert stage.told.lives[-1][1] == subjects
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_connections_move_before_a_day_is_over_and_no_two_at_the_same_time() -> None:
    async def main() -> None:
        stage = Stage(most=3)
        stage.start(*(f"S{number}USDT 1m" for number in range(15)))
        await stage.streams.live()
        assert len(stage.exchange.sockets) == 5
        ages: dict[int, float] = {}
        for _ in range(25 * 60):
            await asyncio.sleep(60)
            for number, socket in enumerate(stage.exchange.sockets[:5]):
                if socket not in stage.exchange.open:
                    ages.setdefault(number, stage.loop.time() - socket.age_from)
        assert len(ages) == 5
        assert min(ages.values()) >= 20 * HOUR
        assert max(ages.values()) <= 23.6 * HOUR
        assert max(ages.values()) - min(ages.values()) > HOUR
        assert {why for _, _, _, why in stage.told.doubts} == {"its stream was silent"}
        await stage.streams.close()

    run(main)


def test_while_the_next_one_cannot_be_opened_the_old_one_goes_on_and_is_believed() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        talking = talk(stage.exchange, NAMES)
        await asyncio.sleep(10)
        stage.exchange.refuse.extend(TransportError("refused", "nothing listens there") for _ in range(8))
        stage.socket.say(SHAPES["raw"]())
        await asyncio.sleep(400)
        assert stage.told.doubts == []
        assert stage.told.troubles == []
        told_once(stage, 410)
        assert len(stage.exchange.sockets) == 2
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_a_next_one_that_breaks_at_once_costs_nothing() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        talking = talk(stage.exchange, NAMES)
        await asyncio.sleep(10)
        stage.socket.say(SHAPES["raw"]())
        for _ in range(200):
            await asyncio.sleep(0.5)
            if len(stage.exchange.sockets) in (2, 3) and stage.socket in stage.exchange.open:
                stage.socket.end()
        assert stage.told.doubts == []
        assert len(stage.exchange.sockets) == 4
        told_once(stage, 110)
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_what_the_next_connection_does_not_bring_is_in_doubt() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        await stage.streams.live()
        old = stage.socket
        old.say(SHAPES["raw"]())
        for _ in range(60):
            await asyncio.sleep(1)
            for socket in list(stage.exchange.open):
                socket.say(kline("ETHUSDT"))
            if old in stage.exchange.open:
                old.say(kline("BTCUSDT"))
        ((_, subjects, _, why),) = stage.told.doubts
        assert subjects == pairs("BTCUSDT 1m")
        assert "next connection" in why
        await stage.streams.close()

    run(main)


def test_what_cannot_be_read_is_in_doubt_although_another_connection_is_open() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m")
        talking = talk(stage.exchange, NAMES)
        await asyncio.sleep(10)
        stage.socket.say(SHAPES["raw"]())
        await asyncio.sleep(4)
        assert len(stage.exchange.open) == 2
        for socket in stage.exchange.open:
            socket.say(kline("BTCUSDT", closed=True, c="NaN"))
        await asyncio.sleep(10)
        assert {why for _, _, _, why in stage.told.doubts} == {"a message could not be read"}
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_all_that_end_in_one_second_come_back_within_the_limits() -> None:
    async def main() -> None:
        stage = Stage(most=20)
        stage.start(*(f"S{number}USDT 1m" for number in range(200)))
        await stage.streams.live()
        ended = stage.loop.time()
        for socket in list(stage.exchange.open):
            socket.end()
        await asyncio.sleep(60)
        back = [moment - ended for moment in stage.exchange.connects if moment > ended]
        assert len(back) == 10
        assert len({round(moment, 2) for moment in back}) > 5
        assert len(stage.exchange.open) == 10
        assert max(socket.most_a_second for socket in stage.exchange.sockets) <= 4
        await stage.streams.close()

    run(main)

"""When a kind of message that nobody knows is named again."""

from __future__ import annotations

import asyncio

import pytest

from perseus.exchanges.events import Subject
from perseus.exchanges.streams.strangers import AWAY_SECONDS, HOUR, TOLD_AFTER, Strangers
from tests.simulated.virtual_loop import run
from tests.streams.staged import pair

BTC, ETH = pair("BTCUSDT 1m"), pair("ETHUSDT 1m")


async def told(one: Strangers, *subjects: Subject, kind: str = "kline2") -> list[Subject]:
    """It comes; what it had put in doubt. Then all that was to be said has been."""
    fresh = one.came(kind, subjects)
    await asyncio.sleep(TOLD_AFTER + 1)
    return fresh


@pytest.mark.parametrize("named", [(BTC,), ()])
def test_one_that_came_in_place_of_candles_is_named_again_when_it_is_back_after_them(named: tuple[Subject]) -> None:
    said: list[str] = []

    async def main() -> None:
        one = Strangers(said.append)
        assert await told(one, *named) == list(named)
        one.missed([BTC])
        assert await told(one, *named) == []
        one.heard(BTC)
        await asyncio.sleep(AWAY_SECONDS)
        assert await told(one, *named) == list(named)
        assert await told(one, *named) == []
        await asyncio.sleep(AWAY_SECONDS)
        assert await told(one, *named) == []

    run(main)
    assert ["1 of kline2" in said[0], "2 of kline2" in said[1], len(said)] == [True, True, 2]


def test_one_that_came_beside_candles_that_were_never_missed_is_named_once_an_hour() -> None:
    said: list[str] = []

    async def main() -> None:
        one = Strangers(said.append)
        one.missed([ETH])
        for _ in range(9):
            await told(one, BTC)
            for subject in (BTC, ETH):
                one.heard(subject)
            await asyncio.sleep(2 * AWAY_SECONDS)
        await asyncio.sleep(HOUR)
        await told(one, BTC)

    run(main)
    assert len(said) == 2


def test_one_that_goes_on_when_candles_are_back_was_not_in_their_place() -> None:
    said: list[str] = []

    async def main() -> None:
        one = Strangers(said.append)
        await told(one, BTC)
        one.missed([BTC])
        one.heard(BTC)
        for _ in range(30):
            await told(one, BTC)

    run(main)
    assert len(said) == 1


def test_each_kind_is_judged_for_itself() -> None:
    said: list[str] = []

    async def main() -> None:
        one = Strangers(said.append)
        await told(one, BTC)
        await told(one, BTC, kind="beside")
        one.missed([BTC])
        one.heard(BTC)
        for _ in range(12):
            await told(one, BTC, kind="beside")
        assert await told(one, BTC) == [BTC]

    run(main)
    assert ["of kline2" in line for line in said] == [True, False, True]

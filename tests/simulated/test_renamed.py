"""Candles that come under a kind or a channel that nobody knows, while tickers go on."""

from __future__ import annotations

import pytest

from perseus.simulator.faults.fault import Fault
from tests.simulated.site import Site
from tests.simulated.test_silent import site_of
from tests.simulated.trial import EACH, TIMEFRAMES
from tests.simulated.virtual_loop import run

KINDS = {"binance": "kline2", "coinbase": "candles_v2"}
ALONE = {"binance": "BTCUSDT", "coinbase": "BTC-USD"}


def renamed(name: str, for_ms: int) -> Fault:
    return Fault("channel_renamed", name, after_ms=300_000, until_ms=300_000 + for_ms)


def kind_of(name: str) -> str:
    return KINDS["coinbase" if name == "coinbase" else "binance"]


@pytest.mark.parametrize("name", EACH)
def test_a_renamed_channel_is_named_doubted_left_and_told_and_all_is_whole_when_it_is_back(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def main() -> None:
        async with site_of(name, renamed(name, 900_000)) as site:
            await site.pass_time(310)
            (said,) = [line for line in site.said if "not known here" in line]
            assert f" of {kind_of(name)}): they are left out." in said
            assert "a message of an unknown kind named it" in caplog.text
            await site.pass_time(70)
            (said,) = [line for line in site.said if "A new connection is opened" in line]
            assert said.endswith("no candles come any more.")
            assert site.exchange.counters.seen["ws_connects"] == 2
            assert [line for line in site.said if "No candles come" in line] == []
            await site.pass_time(120)
            (said,) = [line for line in site.said if "No candles come" in line]
            streams = len(site.pairs()) if name != "coinbase" else 4
            assert f"No candles come of {streams} streams since 2026-" in said
            assert "Z, though tickers do. They are tried again each hour." in said
            await site.pass_time(900)
            before = site.engine.messages
            await site.pass_time(10)
            assert site.engine.messages > before
            await site.pass_until_quiet()
            assert site.differences() == []
            assert site.world.broken() == {}
            assert len([line for line in site.said if "not known here" in line]) == 1
            assert not any("still traded" in line for line in site.said)

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_while_it_lasts_it_is_tried_again_and_told_each_hour(name: str) -> None:
    async def main() -> None:
        async with site_of(name, renamed(name, 4 * 3_600_000)) as site:
            await site.pass_time(300 + 3 * 3_600 + 300)
            assert 3 <= site.exchange.counters.seen["ws_connects"] <= 5
            assert 3 <= len([line for line in site.said if "No candles come" in line]) <= 4
            assert 3 <= len([line for line in site.said if "not known here" in line]) <= 4
            assert site.world.broken() == {}

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_one_symbol_alone_whose_price_moves_is_enough(name: str) -> None:
    symbol = ALONE["coinbase" if name == "coinbase" else "binance"]

    async def main() -> None:
        async with Site(name, [symbol], TIMEFRAMES[name], faults=[renamed(name, 900_000)], bases=("BTC",)) as site:
            await site.pass_time(300 + 80)
            assert site.exchange.counters.seen["ws_connects"] == 2

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_a_kind_that_nobody_knows_beside_those_that_go_on_costs_one_look_an_hour(name: str) -> None:
    async def main() -> list[int]:
        calls = []
        for faults in ([], [Fault("unknown_event", name, after_ms=60_000)]):
            async with Site(
                name, [ALONE["coinbase" if name == "coinbase" else "binance"]], ["5m"], "same", faults, ("BTC",)
            ) as site:
                await site.pass_time(1_800)
                assert site.exchange.counters.seen["ws_connects"] == 1
                calls.append(site.calls())
        return calls

    without, beside = run(main)
    assert beside - without <= 1

"""Candles that come under a kind or a channel that nobody knows, while tickers go on."""

from __future__ import annotations

import re

import pytest

from perseus.exchanges.streams.moves import LATE_AFTER
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


def named(site: Site) -> list[str]:
    return [line for line in site.said if "not known here" in line]


def absences(site: Site) -> list[str]:
    return [line for line in site.said if "No candles come" in line]


def again(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line for line in caplog.messages if "Candles come again" in line]


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
            assert re.search(r"(and \d+ more|NKN-USD 5m): no candles come any more\.$", said)
            assert site.exchange.counters.seen["ws_connects"] == 2
            assert absences(site) == []
            await site.pass_time(120)
            (said,) = absences(site)
            assert again(caplog) == []
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
            (back,) = again(caplog)
            told = rf"{name} stream 1: Candles come again of (\d+ of )?{streams} streams( so far)?\."
            assert re.fullmatch(told, back)

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_a_renamed_channel_that_comes_again_and_goes_is_told_each_time(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    second = Fault("channel_renamed", name, after_ms=1_500_000, until_ms=1_800_000)

    async def main() -> None:
        async with site_of(name, renamed(name, 600_000), second) as site:
            await site.pass_time(1_500)
            assert len(again(caplog)) == len(absences(site)) == 1
            await site.pass_time(600)
            assert len(again(caplog)) == len(absences(site)) == 2

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_a_few_candles_between_are_no_end_of_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    more = (
        Fault("channel_renamed", name, after_ms=630_000, until_ms=900_000),
        Fault("channel_renamed", name, after_ms=930_000, until_ms=1_500_000),
    )

    async def main() -> None:
        async with site_of(name, renamed(name, 300_000), *more) as site:
            await site.pass_time(1_200)
            assert again(caplog) == []
            assert len(absences(site)) == len(named(site)) == 1
            await site.pass_time(600)
            assert len(again(caplog)) == 1

    run(main)


@pytest.mark.parametrize("name", [pytest.param("binance_us", marks=pytest.mark.long), "coinbase"])
def test_while_it_lasts_it_is_tried_again_and_told_each_hour(name: str) -> None:
    async def main() -> None:
        async with site_of(name, renamed(name, 4 * 3_600_000)) as site:
            await site.pass_time(300 + 3 * 3_600 + 300)
            assert 3 <= site.exchange.counters.seen["ws_connects"] <= 5
            assert 3 <= len(absences(site)) <= 4
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


@pytest.mark.parametrize("name", [name for name in EACH if name != "coinbase"])
def test_all_candles_of_one_symbol_are_left_to_rest_while_others_speak(name: str) -> None:
    gone = Fault("channel_renamed", name, "ethusdt@kline_*", after_ms=300_000, until_ms=2_100_000)

    async def main() -> None:
        async with site_of(name, gone) as site:
            await site.pass_time(2_000)
            assert site.exchange.counters.seen["ws_connects"] == 1
            assert site.differences() == []
            await site.pass_until_quiet()
            assert site.differences() == []

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_a_stream_whose_symbol_goes_on_is_connected_anew_within_a_minute(name: str) -> None:
    target = "candles:ETH-USD" if name == "coinbase" else "ethusdt@kline_1m"
    gone = Fault("channel_renamed", name, target, after_ms=300_000, until_ms=2_100_000)

    async def main() -> None:
        async with site_of(name, gone) as site:
            await site.pass_time(300 + 80)
            assert site.exchange.counters.seen["ws_connects"] == 2
            await site.pass_time(1_620)
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


def two(name: str, *faults: Fault) -> Site:
    """One of two lively symbols, a stream each."""
    symbols = ["BTC-USD", "ETH-USD"] if name == "coinbase" else ["BTCUSDT", "ETHUSDT"]
    return Site(name, symbols, ["5m" if name == "coinbase" else "1m"], faults=faults, bases=("BTC", "ETH"))


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("after_seconds", [0, 17, 40])
def test_few_candles_before_it_are_no_reason_not_to_notice_it(name: str, after_seconds: int) -> None:
    early = Fault("channel_renamed", name, after_ms=after_seconds * 1_000, until_ms=1_500_000)

    async def main() -> None:
        async with two(name, early) as site:
            await site.pass_time(after_seconds + LATE_AFTER - 5)
            is_ticker_proof = name == "coinbase"
            assert site.exchange.counters.seen["ws_connects"] == 1 + is_ticker_proof
            await site.pass_time(55)
            assert site.exchange.counters.seen["ws_connects"] == 2
            (said,) = [line for line in site.said if "A new connection is opened" in line]
            assert "BTC" in said
            assert "ETH" in said
            await site.pass_time(90)
            (said,) = absences(site)
            assert "No candles come of 2 streams" in said
            assert ("since" in said) is (after_seconds > 0)
            await site.pass_time(1_000)
            assert site.exchange.counters.seen["ws_connects"] == 2
            assert len(absences(site)) == len(named(site)) == 1
            await site.pass_until_quiet()
            assert site.differences() == []
            assert site.world.broken() == {}

    run(main)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize(("pause_seconds", "later_seconds"), [(160, 0), (70, 35)])
def test_a_second_renaming_is_named_again_at_once_and_noticed_about_as_soon(
    name: str, pause_seconds: int, later_seconds: int
) -> None:
    again_seconds = 600 + pause_seconds
    second = Fault("channel_renamed", name, after_ms=again_seconds * 1_000, until_ms=3_600_000)

    async def main() -> None:
        async with two(name, renamed(name, 300_000), second) as site:
            await site.pass_time(again_seconds)
            assert len(named(site)) == len(absences(site)) == 1
            await site.pass_time(10)
            assert len(named(site)) == 2
            await site.pass_time(75 + later_seconds)
            assert len(absences(site)) == 2
            await site.pass_time(600)
            assert len(named(site)) == len(absences(site)) == 2
            assert site.exchange.counters.seen["ws_connects"] == 2

    run(main)


@pytest.mark.parametrize("name", EACH)
def test_a_quiet_market_whose_price_moves_now_and_then_is_left_alone(name: str) -> None:
    symbol = "NKN-USD" if name == "coinbase" else "NKNUSDT"

    async def main() -> None:
        async with Site(name, [symbol], ["5m"], bases=("NKN",)) as site:
            await site.pass_time(3 * 3_600)
            assert site.exchange.counters.seen["ws_connects"] == 1
            assert site.said == []

    run(main)

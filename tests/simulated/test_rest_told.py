"""What a person is told of a REST side that gives nothing, or does not answer: when it begins and that it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from perseus.exchanges.wire.transport import Answer
from perseus.market.candle import Pair
from perseus.simulator.faults.fault import Fault
from tests.simulated.site import Site
from tests.simulated.test_troubles import at_one, site_of
from tests.simulated.trial import TIMEFRAMES
from tests.simulated.virtual_loop import run

BELIEVED_SECONDS = 800
MOST_OF_A_PAIR = 12
"""Requests in a quarter of an hour: three for each of its ranges, which are two and what ends meanwhile."""


def emptied(site: Site, symbol: str = "") -> None:
    """From now on REST gives nothing for that symbol, or for any."""
    nothing = b'{"candles":[]}' if site.name == "coinbase" else b"[]"

    def spoil(url: str, body: bytes) -> bytes:
        is_history = "/klines" in url or url.endswith("/candles")
        return nothing if is_history and symbol in url else body

    site.net.spoil = spoil


def about(site: Site, words: str) -> list[str]:
    return [line for line in site.said if words in line]


@at_one
def test_pairs_that_rest_gives_nothing_for_are_named_once_with_the_time_and_the_end_is_in_the_log(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        site = site_of(name)
        emptied(site)
        async with site:
            await site.pass_time(30)
            (said,) = about(site, "REST gives no candles of")
            fact = site.engine.facts()["emptyAnswers"]
            assert isinstance(fact, str)
            assert fact in said
            assert f"{site.pairs()[0]}" in fact
            assert " UTC" in fact
            site.net.spoil = lambda _, body: body
            await site.pass_time(900)
            assert site.engine.facts()["emptyAnswers"] is None
            assert len(about(site, "REST gives no candles of")) == 1
            assert about(site, "absent") == []
            assert site.differences() == []

    run(main)
    assert [line for line in caplog.messages if line.startswith("REST gives candles of ")]


@at_one
def test_pairs_that_rest_gives_nothing_for_are_asked_for_a_few_times_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, tuple[str, ...]]] = []

    async def main() -> None:
        site, time = site_of(name), asyncio.get_running_loop().time
        emptied(site)
        get = site.net.get

        async def noted(url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
            if url.endswith(("/klines", "/candles")):
                asked.append((time(), (url, *params.values())))
            return await get(url, params, headers, timeout)

        monkeypatch.setattr(site.net, "get", noted)
        async with site:
            await site.pass_time(BELIEVED_SECONDS + 100)
            assert len(asked) <= MOST_OF_A_PAIR * len(site.pairs())

    run(main)
    before: dict[tuple[str, ...], float] = {}
    for at, what in asked:
        assert at > asked[0][0] + 600 or at > before.get(what, 0) + 55
        before[what] = at


@at_one
def test_what_is_held_to_be_absent_at_last_is_told(name: str) -> None:
    async def main() -> None:
        site = site_of(name)
        emptied(site)
        async with site:
            await site.pass_time(BELIEVED_SECONDS)
            assert 1 <= len(about(site, "REST went on to give no candles of")) <= 3
            in_doubt = str(site.engine.facts()["emptyAnswers"] or "")  # the newest, of which a stream has told
            assert in_doubt.count(" 1m") == (in_doubt != "")
            assert "," not in in_doubt

    run(main)


def test_many_pairs_are_told_together() -> None:
    name = "coinbase"
    bases = tuple(f"C{number}" for number in range(20))

    async def main() -> None:
        site = Site(name, (), TIMEFRAMES[name], bases=bases)
        emptied(site)
        async with site:
            await site.pass_time(300)
            told = about(site, "REST gives no candles of")
            assert 1 <= len(told) <= 4
            assert any(" more since " in line for line in told)

    run(main)


@pytest.mark.long
def test_a_pair_that_is_delisted_meanwhile_is_no_news_of_candles(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        site = site_of("binance")
        emptied(site)
        async with site:
            await site.pass_time(30)
            for series in site.engine._series.values():
                series.is_refused = True
            await site.pass_time(BELIEVED_SECONDS)
            assert site.engine.facts()["emptyAnswers"] is None
            assert about(site, "absent") == []

    run(main)
    assert [line for line in caplog.messages if line.startswith("REST gives candles of ")] == []


@pytest.mark.parametrize("is_held", [False, True])
@at_one
def test_a_rest_side_that_does_not_answer_is_named_once_and_its_end_is_in_the_log(
    name: str, is_held: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with site_of(name) as site:
            await site.pass_time(60)
            if is_held:
                site.world.add_fault(Fault("requests_held", name, params={"for_ms": 400_000}))
            site.net.is_deaf = not is_held
            pair = next(iter(site.engine._series))
            site.engine.on_doubt([Pair(pair.symbol, pair.timeframe)], site.clock.now_ms() - 3_600_000, "a test")
            await site.pass_time(50)
            assert about(site, "has not answered") == []
            await site.pass_time(250)
            (said,) = about(site, "has not answered")
            assert said.startswith(f"REST of {name} has not answered since ")
            assert said.endswith(" UTC; its streams are live.")
            assert str(site.engine.facts()["restSilent"]).endswith(" UTC, streams live")
            site.net.is_deaf = False
            await site.pass_time(600)
            assert site.engine.facts()["restSilent"] is None
            assert len(about(site, "has not answered")) == 1

    run(main)
    (over,) = [line for line in caplog.messages if "answers again after" in line]
    assert over.startswith(f"REST of {name} answers again after ")


def test_streams_that_are_silent_too_are_said_to_be() -> None:
    async def main() -> None:
        async with site_of("binance") as site:
            await site.pass_time(60)
            site.net.is_deaf = True
            site.world.add_fault(Fault("market_halt", "binance", params={"for_ms": 600_000}))
            site.engine.on_doubt(site.pairs(), site.clock.now_ms() - 3_600_000, "a test")
            await site.pass_time(200)
            assert str(site.engine.facts()["restSilent"]).endswith("streams silent too")

    run(main)


def test_a_short_silence_is_told_nowhere() -> None:
    async def main() -> None:
        async with site_of("binance") as site:
            await site.pass_time(60)
            site.world.add_fault(Fault("requests_held", "binance", params={"for_ms": 30_000}))
            site.world.add_fault(Fault("reset", "binance"))
            await site.pass_time(600)
            assert about(site, "has not answered") == []

    run(main)


def test_who_learns_of_it_by_another_process_names_it_too() -> None:
    async def main() -> None:
        async with site_of("binance") as one:
            other = Site("binance", one.wanted.symbols, ["1m"], "two", world=one.world, redis=one.redis)
            await other.start()
            await one.pass_time(60)
            one.world.add_fault(Fault("requests_held", "binance", params={"for_ms": 400_000}))
            since_ms = one.clock.now_ms() - 3_600_000
            one.engine.on_doubt(one.pairs(), since_ms, "a test")
            await one.pass_time(40)
            other.engine.on_doubt(other.pairs(), since_ms, "a test")
            await one.pass_time(200)
            assert about(other, "has not answered") != []
            await other.stop()

    run(main)

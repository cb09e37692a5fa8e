"""An exchange, or who stands between, that says what cannot be: nothing of it stands, and nothing else is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection

import pytest

from perseus.exchanges.events import Subject
from tests.simulated.hostile import DEEP, NO_WORDS, Between, frame
from tests.simulated.site import Site
from tests.simulated.test_troubles import FEW, at_one, everywhere, site_of
from tests.simulated.trial import TIMEFRAMES
from tests.simulated.virtual_loop import run

MANY = ("BTC", *(f"S{number:02d}" for number in range(8)))


def befallen(name: str, befall: Callable[[Site, Between], None]) -> Site:
    """The site, four times of which that befell it, and the judgement that nothing is wrong."""

    async def main() -> Site:
        site = site_of(name)
        there = site.net
        async with site:
            since_ms = site.clock.now_ms()
            for _ in range(4):
                await site.pass_time(97)
                befall(site, there)
            await site.pass_time(360)
            await site.pass_until_quiet()
            assert site.differences() == []
            assert site.untold(since_ms) == []
            assert len(there.connections) == 1
            return site

    site = run(main)
    assert site.world.broken() == {}
    return site


@everywhere
@pytest.mark.parametrize("data", NO_WORDS, ids=range(len(NO_WORDS)))
def test_what_cannot_be_read_costs_no_connection(name: str, data: bytes) -> None:
    site = befallen(name, lambda _, there: there.say(data))
    assert len(site.said) <= 1


@everywhere
def test_a_word_from_the_future_spoils_nothing(name: str) -> None:
    def befall(site: Site, there: Between) -> None:
        now_ms = site.world.clock.now_ms()
        there.say(frame(site, now_ms + 900_000, open_ms=now_ms // 300_000 * 300_000))
        there.say(frame(site, now_ms + 900_000))
        there.say(frame(site, now_ms, open_ms=(now_ms // 300_000 + 4) * 300_000))

    site = befallen(name, befall)
    assert sum("has not come yet" in line for line in site.said) == 1


@pytest.mark.parametrize("name", ["binance"])
def test_a_candle_that_is_finished_before_its_end_is_left_out(name: str) -> None:
    def befall(site: Site, there: Between) -> None:
        there.say(frame(site, site.world.clock.now_ms() // 60_000 * 60_000 + 2_000, is_closed=True))

    befallen(name, befall)


@everywhere
@pytest.mark.parametrize("prices", [{"high": "0.5"}, {"low": "2"}, {"open": "3"}, {"close": "0"}, {"open": "-1"}])
def test_a_candle_that_cannot_be_is_left_out_and_named_once(name: str, prices: dict[str, str]) -> None:
    site = befallen(name, lambda site, there: there.say(frame(site, site.world.clock.now_ms(), prices=prices)))
    assert len(site.said) == 1


def spoilt(site: Site, symbol: str) -> bytes:
    """A candle of which a price is a number where text is due."""
    said = json.loads(frame(site, site.world.clock.now_ms()))
    if site.name == "coinbase":
        said["events"][0]["candles"][0] |= {"open": 1.5, "product_id": symbol}
    else:
        said["k"]["o"], said["s"] = 1.5, symbol
    return json.dumps(said).encode()


def many(name: str) -> list[str]:
    return [f"{base}-USD" if name == "coinbase" else f"{base}USDT" for base in MANY]


def doubted(name: str, symbol: str | None) -> tuple[set[str], int]:
    """What is in doubt for such a message of that symbol, None: for none, and how many requests come in 20 s."""

    async def main() -> tuple[set[str], int]:
        site = Site(name, many(name), TIMEFRAMES[name], bases=MANY, depth=FEW)
        found = set[str]()
        async with site:
            await site.pass_time(200)
            await site.pass_until_quiet()
            await site.pass_time(85 - site.world.clock.now_ms() // 1000 % 60)
            doubt, seen = site.engine.on_doubt, site.world.exchanges[name].counters.seen

            def on_doubt(subjects: Collection[Subject], since_ms: int, why: str) -> None:
                found.update(map(str, subjects))
                doubt(subjects, since_ms, why)

            site.engine.on_doubt = on_doubt  # type: ignore[method-assign]
            before = seen["http_requests"]
            if symbol is not None:
                site.net.say(spoilt(site, symbol))
            await site.pass_time(20)
            return found, seen["http_requests"] - before

    return run(main)


@everywhere
def test_a_price_of_a_wrong_type_has_one_pair_asked_for_again_and_not_all_of_its_connection(name: str) -> None:
    _, usual = doubted(name, None)
    symbol, step = many(name)[0], "5m" if name == "coinbase" else "1m"
    about, calls = doubted(name, symbol)
    assert about == {f"{symbol} {step}"}
    assert calls - usual <= 2
    everyone, all_calls = doubted(name, "NOBODY")
    assert {f"{each} {step}" for each in many(name)} <= everyone
    assert name == "coinbase" or all_calls - usual > 5


@everywhere
@pytest.mark.parametrize(
    "body", [DEEP, b'["\xff"]', b"{}", b'{"serverTime":[]}'], ids=["deep", "no text", "empty", "shape"]
)
def test_a_start_and_the_work_outlive_answers_that_nobody_can_read(name: str, body: bytes) -> None:
    """Two of three answers, the first ones among them."""

    async def main() -> None:
        site = site_of(name)
        there, count = site.net, iter(range(10**9))
        there.spoil = lambda _, good: good if next(count) % 3 == 2 else body
        async with site:
            await site.pass_time(900)
            await site.pass_until_quiet()
            assert site.differences() == []

    run(main)


@at_one
def test_rows_that_are_no_candles_are_no_holes_and_are_asked_for_each_hour_until_they_are_some(name: str) -> None:
    async def main() -> None:
        site = site_of(name)
        there, spoilt_ms = site.net, site.world.clock.now_ms() // 3_600_000 * 3_600_000 - 4 * 3_600_000
        asked: list[float] = []

        def spoil(url: str, body: bytes) -> bytes:
            if "andles" not in url and "klines" not in url:
                return body
            spoilt = _without_high(body, spoilt_ms)
            if b'"0.00000001"' in spoilt:
                asked.append(site.world.clock.now_ms())
            return spoilt

        there.spoil = spoil
        async with site:
            first = site.wanted.symbols[0]  # others rest at times
            pairs = [pair for pair in site.pairs() if pair.timeframe.is_open(spoilt_ms) and pair.symbol == first]
            await site.pass_time(900)
            assert set(pairs) <= set(site.engine.lacking())
            unreadable = site.engine.facts()["unreadablePairs"]
            assert isinstance(unreadable, int)
            assert unreadable >= len(pairs)
            at_first = len(asked)
            await site.pass_time(3 * 3_600)
            assert 0 < len(asked) - at_first <= 3 * unreadable
            for pair in pairs:
                coverage = site.cache.coverage[pair]
                assert coverage.unverified(spoilt_ms, pair.timeframe.close_of(spoilt_ms))
                assert not any(one.start_ms <= spoilt_ms < one.end_ms for one in coverage.holes)
                assert spoilt_ms not in site.cache.candles[pair]
                assert sum(f"{pair}: the exchange gave" in line for line in site.said) == 1
            there.spoil = lambda _, body: body
            await site.pass_time(3_700)
            assert site.engine.facts()["unreadablePairs"] is None
            assert site.differences() == []
            assert site.world.broken() == {}

    run(main)


def _without_high(body: bytes, open_ms: int) -> bytes:
    said = json.loads(body)
    for row in said if isinstance(said, list) else said["candles"]:
        if isinstance(row, list) and row[0] == open_ms:
            row[2] = "0.00000001"
        elif isinstance(row, dict) and row["start"] == str(open_ms // 1000):
            row["high"] = "0.00000001"
    return json.dumps(said).encode()

"""The made-up market: the same every time, paced, and honest about what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus.ingest.market import SyntheticMarket
from perseus.ingest.synthetic import SyntheticFeed
from tests.conftest import ManualClock
from tests.ingest.test_replay import Sleeper


def test_it_says_that_it_is_not_real() -> None:
    assert "synthetic" in SyntheticFeed.name
    assert "not real" in SyntheticFeed.name


def test_the_walk_of_an_exchange_is_always_the_same() -> None:
    def walk(exchange: str) -> list[float]:
        market = SyntheticMarket(exchange)
        for _ in range(1000):
            market.step()
        return list(market.prices.values())

    assert walk("coinbase") == walk("coinbase")
    assert walk("coinbase") != walk("binance")
    assert all(price > 0 for price in walk("kraken"))


@pytest.mark.parametrize(("exchange", "ending"), [("coinbase", "-USD"), ("binance", "USDT"), ("elsewhere", "-USD")])
def test_symbols_look_like_those_of_the_exchange(exchange: str, ending: str) -> None:
    symbols = SyntheticFeed(exchange).symbols
    assert 5 <= len(symbols) <= 10
    assert all(symbol.endswith(ending) and len(symbol) > len(ending) for symbol in symbols)


def test_warming_takes_a_second_or_two_and_is_cut_short_by_closing(clock: ManualClock) -> None:
    feed = SyntheticFeed("coinbase", clock, Sleeper(clock))
    feed.connect()
    began = clock.elapsed()
    feed.warm()
    assert 1 <= clock.elapsed() - began <= 2
    feed.close()
    began = clock.elapsed()
    feed.warm()
    assert clock.elapsed() == began


def test_messages_are_paced_at_about_eight_a_second(clock: ManualClock) -> None:
    feed = SyntheticFeed("coinbase", clock, Sleeper(clock))
    feed.connect()
    feed.warm()
    began, heard = clock.elapsed(), 0
    while clock.elapsed() - began < 100:
        heard += feed.receive(0.5)
    assert 650 < heard < 950


def test_after_a_long_suspension_the_missed_messages_are_left_out(clock: ManualClock) -> None:
    feed = SyntheticFeed("coinbase", clock, Sleeper(clock))
    feed.connect()
    feed.warm()
    clock.advance(100_000)
    assert 0 < feed.receive(0.5) < 50


def test_it_never_waits_longer_than_it_may(clock: ManualClock, tmp_path: Path) -> None:
    sleeper = Sleeper(clock)
    feed = SyntheticFeed("coinbase", clock, sleeper)
    feed.connect()
    feed.warm()
    sleeper.waits.clear()
    for _ in range(200):
        feed.receive(0.05)
    assert max(sleeper.waits) <= 0.05

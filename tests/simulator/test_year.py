"""The last 52 weeks that tickers tell: of the newest weeks, looked up once a week."""

from __future__ import annotations

import pytest

from perseus.simulator.market import buckets
from perseus.simulator.market.truth import Truth
from tests.simulator.conftest import Bench


def looked_at(bench: Bench, symbol: str) -> tuple[int, int]:
    """By all 52 weeks."""
    weeks = bench.exchange("coinbase").truth.bars(symbol, "1w", None, None, 52)
    return min(bar.low for bar in weeks), max(bar.high for bar in weeks)


def told(bench: Bench, symbol: str) -> tuple[int, int]:
    exchange = bench.exchange("coinbase")
    return exchange.years.of(symbol, exchange.days.of(symbol))


def test_it_is_that_of_all_its_weeks_before_and_after_a_week_has_ended(bench: Bench) -> None:
    monday = buckets.close_of("1w", buckets.open_of("1w", bench.now_ms))
    bench.exchange("coinbase").truth.book("BTC-USD")._running["1w"].high = 10**18
    for moment in (bench.now_ms, bench.now_ms + 60_000, monday - 1, monday, monday + 1, monday + buckets.HOUR):
        bench.wait_until(moment)
        assert told(bench, "BTC-USD") == looked_at(bench, "BTC-USD"), moment - monday


def test_a_price_that_no_week_had_is_told_at_once(bench: Bench) -> None:
    book = bench.exchange("coinbase").truth.book("BTC-USD")
    before = told(bench, "BTC-USD")
    book._running["1w"].high = before[1] + 1
    book._running["1w"].low = before[0] - 1
    assert told(bench, "BTC-USD") == (before[0] - 1, before[1] + 1)


def test_a_week_that_is_52_weeks_old_counts_no_more(bench: Bench) -> None:
    truth = bench.exchange("coinbase").truth
    weeks = truth.bars("BTC-USD", "1w", None, None, 53)
    past = truth.book("BTC-USD")._drawn
    oldest = past["1w", weeks[0].open_ms]
    assert oldest
    oldest.high = 10**18
    assert told(bench, "BTC-USD") == looked_at(bench, "BTC-USD")
    assert told(bench, "BTC-USD")[1] < 10**18


def test_the_whole_weeks_are_looked_up_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    told(bench, "BTC-USD")
    asked: list[str] = []
    monkeypatch.setattr(Truth, "bars", lambda *_: asked.append("bars") or [])
    bench.wait(60)
    told(bench, "BTC-USD")
    assert asked == []

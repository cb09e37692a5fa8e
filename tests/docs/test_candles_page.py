"""docs/candles.md shows what the cache really writes."""

from __future__ import annotations

import re

import pytest

from perseus.market.cache import KEEP, CandleCache
from perseus.market.coverage import Coverage
from perseus.market.finality import GRACE_MS, PATIENCE_MS, Doubt
from perseus.market.ticker import Ticker
from perseus.market.tickercache import LIVES_SECONDS
from perseus.market.timeframes import TIMEFRAMES
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client
from tests.docs import pages
from tests.market.making import BTC, NEW, OLD, START, STEP, candle

PAGE = pages.read("candles.md")
CANDLE, COVERAGE, TICKER = (block.strip() for block in pages.blocks(PAGE, "json"))


def test_the_objects_on_the_page_are_those_that_are_written() -> None:
    assert candle().to_json(3, BTC).decode() == CANDLE
    assert Ticker.from_json(TICKER).to_json(2, NEW).decode() == TICKER
    coverage = Coverage.from_json(COVERAGE)
    assert coverage.to_json() == COVERAGE
    assert len(coverage.holes) == 1


def test_each_field_of_the_hash_is_on_the_page_and_no_other(client: Client) -> None:
    cache = CandleCache(client, 3, NEW, "https://api.binance.com")
    late = candle(0, close="1", event_ms=START + 9 * STEP)
    for state in (candle(0), candle(0, is_closed=False), late):
        cache.store({BTC: [state]}, live=False, coverage={BTC: Coverage()})
    with pytest.raises(WriteFenced):
        CandleCache(client, 3, OLD).store({BTC: [candle(0)]}, live=False)
    told = set(re.findall(r"`(\w+)`", pages.section(PAGE, "## What is known").split("|---|---|")[1].split("\n\n")[0]))
    assert told == set(client.hgetall("{candles:3:BTCUSDT:5m}:meta"))


def test_timeframes_and_numbers_are_those_of_the_code() -> None:
    assert "`" + " ".join(timeframe.name for timeframe in TIMEFRAMES) + "`" in PAGE
    assert f"newest {KEEP:,} candles" in PAGE
    assert f"for {LIVES_SECONDS} s after" in PAGE
    final = pages.section(PAGE, "## When a candle is final")
    assert f"{GRACE_MS // 1000} s have passed" in final
    assert f"{PATIENCE_MS // 1000} s after its end" in final
    assert len(Doubt) == 5

"""A store that has less than it was given: the next write says so, and leaves what it says of itself as it is."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.market.cache import CandleCache
from perseus.market.coverage import Coverage
from perseus.store import Client
from tests.market.making import BTC, ETH, NEW, START, STEP, candle

KEY = keys.candles(7, "BTCUSDT", "5m")
META = keys.candles_meta(7, "BTCUSDT", "5m")
THREE = Coverage().verify(START, START + 3 * STEP)
FOUR = Coverage().verify(START, START + 4 * STEP)


@pytest.fixture
def cache(client: Client) -> CandleCache:
    """Three candles of BTC, sure."""
    cache = CandleCache(client, 7, NEW)
    cache.store({BTC: [candle(number) for number in range(3)]}, live=False, coverage={BTC: THREE})
    return cache


def test_nothing_is_lost_where_all_is_there(cache: CandleCache) -> None:
    assert cache.store({BTC: [candle(3)], ETH: [candle(0)]}, live=False, coverage={BTC: FOUR}).lost == set()
    assert cache.coverage(BTC) == FOUR


@pytest.mark.parametrize("gone", [(KEY, META), (KEY,), (META,)])
def test_the_next_write_finds_that_a_key_is_gone_and_claims_nothing(
    cache: CandleCache, client: Client, gone: tuple[str, ...]
) -> None:
    client.delete(*gone)
    for _ in range(2):
        stored = cache.store({BTC: [candle(3)], ETH: [candle(0)]}, live=False, coverage={BTC: FOUR})
        assert stored.lost == {BTC}
    assert cache.newest(BTC, 1) == [candle(3)]
    assert cache.coverage(BTC) == Coverage()
    assert cache.store({}, live=False, coverage={BTC: Coverage()}).lost == set()


def test_one_candle_less_is_found_as_well(cache: CandleCache, client: Client) -> None:
    client.zremrangebyscore(KEY, START, START)
    assert cache.store({BTC: [candle(3)]}, live=False, coverage={BTC: FOUR}).lost == {BTC}


def test_a_copy_that_lacks_the_last_writes_is_found_though_it_has_as_many_candles(
    cache: CandleCache, client: Client
) -> None:
    """As after a failover to a replica that lagged."""
    candles, meta = client.dump(KEY), client.dump(META)
    cache.store({BTC: [candle(2, event_ms=START + 5 * STEP, close="106.00")]}, live=False, coverage={BTC: FOUR})
    client.restore(KEY, 0, candles, replace=True)
    client.restore(META, 0, meta, replace=True)
    assert cache.store({BTC: [candle(2)]}, live=False, coverage={BTC: FOUR}).lost == {BTC}
    assert cache.coverage(BTC) == THREE


def test_what_was_read_is_known_without_a_write(cache: CandleCache, client: Client) -> None:
    other = CandleCache(client, 7, NEW)
    assert other.coverage(BTC) == THREE
    client.delete(KEY, META)
    assert other.store({BTC: [candle(3)]}, live=False).lost == {BTC}

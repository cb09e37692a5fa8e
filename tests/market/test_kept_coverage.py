"""Coverage in the store: kept with the candles, and believed only as far as they bear it out."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.errors import StoreCorrupt
from perseus.market.cache import KEEP, CandleCache, Stored
from perseus.market.coverage import Coverage
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client
from tests.market.making import BTC, ETH, NEW, OLD, START, STEP, candle

KEY = keys.candles(7, "BTCUSDT", "5m")
META = keys.candles_meta(7, "BTCUSDT", "5m")


def at(number: int) -> int:
    return START + number * STEP


@pytest.fixture
def cache(client: Client) -> CandleCache:
    return CandleCache(client, 7, NEW)


def test_it_is_kept_with_its_candles_in_one_write(cache: CandleCache) -> None:
    known = Coverage().verify(at(0), at(3)).absent(at(3), at(4), "asked twice, no row")
    written = cache.store({BTC: [candle(0), candle(1), candle(2)]}, live=False, coverage={BTC: known})
    assert written == Stored(written=3, closed=3)
    assert cache.coverage(BTC) == known
    assert cache.coverages([ETH, BTC]) == {ETH: Coverage(), BTC: known}
    cache.save_coverage(BTC, known.doubt(at(2), at(3)))
    assert cache.coverage(BTC) == Coverage().verify(at(0), at(2)).absent(at(3), at(4), "asked twice, no row")


def test_a_range_of_which_a_candle_is_missing_is_not_believed(cache: CandleCache, client: Client) -> None:
    known = Coverage().verify(at(0), at(2)).verify(at(3), at(6))
    cache.store({BTC: [candle(number) for number in (0, 1, 3, 4, 5)]}, live=False, coverage={BTC: known})
    assert cache.coverage(BTC) == known
    client.zremrangebyscore(KEY, at(4), at(4))
    assert cache.coverage(BTC) == Coverage().verify(at(0), at(2))


def test_holes_are_known_also_where_no_candle_is(cache: CandleCache, client: Client) -> None:
    known = Coverage().absent(0, at(0), "listed later").verify(at(0), at(1))
    cache.store({BTC: [candle(0)]}, live=False, coverage={BTC: known})
    assert cache.coverage(BTC) == known
    client.delete(KEY)
    assert cache.coverage(BTC) == Coverage().absent(0, at(0), "listed later")


def test_it_ends_where_the_cache_forgets(cache: CandleCache) -> None:
    known = Coverage().verify(at(0), at(KEEP + 4))
    candles = [candle(number) for number in range(KEEP + 4)]
    cache.store({BTC: candles}, live=False, coverage={BTC: known})
    assert cache.coverage(BTC) == Coverage().verify(at(4), at(KEEP + 4))


def test_an_older_lease_keeps_none(cache: CandleCache, client: Client) -> None:
    cache.save_coverage(BTC, Coverage().absent(0, 1, "why"))
    with pytest.raises(WriteFenced):
        CandleCache(client, 7, OLD).save_coverage(BTC, Coverage())
    assert cache.coverage(BTC) == Coverage().absent(0, 1, "why")


def test_what_somebody_else_wrote_there_is_named(cache: CandleCache, client: Client) -> None:
    client.hset(META, "coverage", "mine")
    with pytest.raises(StoreCorrupt, match="meta"):
        cache.coverage(BTC)
    client.delete(META)
    client.set(META, "mine")
    with pytest.raises(StoreCorrupt, match="meta"):
        cache.save_coverage(BTC, Coverage())
    with pytest.raises(StoreCorrupt, match="meta"):
        cache.coverage(BTC)

"""Candles of one pair are all of one source: what another gave is forgotten before it could count as verified."""

from __future__ import annotations

import asyncio

import pytest

from perseus import keys
from perseus.exchanges.budget.ledger import inline
from perseus.ingest.engine.cacheport import CachePort
from perseus.market.cache import CandleCache
from perseus.market.coverage import Coverage
from perseus.market.tickercache import TickerCache
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client
from tests.market.making import BTC, ETH, NEW, OLD, START, STEP, candle

META = keys.candles_meta(7, "BTCUSDT", "5m")
THREE = Coverage().verify(START, START + 3 * STEP)
THERE, HERE = "http://127.0.0.1:8787/binance", "https://api.binance.com"


def filled(client: Client, source: str) -> None:
    """Three candles of BTC, verified by that source."""
    candles = [candle(number) for number in range(3)]
    CandleCache(client, 7, OLD, source).store({BTC: candles}, live=False, coverage={BTC: THREE})


def test_what_another_source_gave_is_forgotten_at_a_start(client: Client) -> None:
    filled(client, THERE)
    cache = CandleCache(client, 7, NEW, HERE)
    assert cache.coverages([BTC, ETH]) == {BTC: Coverage(), ETH: Coverage()}
    assert cache.claim([BTC, ETH]) == [BTC]
    assert cache.newest(BTC, 10) == []
    assert client.hget(META, "source") == HERE
    assert client.hget(META, "coverage") is None
    assert cache.claim([BTC, ETH]) == []


def test_what_this_source_gave_stays(client: Client) -> None:
    filled(client, HERE)
    cache = CandleCache(client, 7, NEW, HERE)
    assert cache.claim([BTC]) == []
    assert cache.coverage(BTC) == THREE


def test_what_is_of_nobody_knows_where_is_taken_over_and_named_by_the_next_write(client: Client) -> None:
    filled(client, "")
    cache = CandleCache(client, 7, NEW, HERE)
    assert cache.claim([BTC]) == []
    assert cache.coverage(BTC) == THREE
    assert cache.store({BTC: [candle(3)]}, live=False).lost == set()
    assert client.hget(META, "source") == HERE
    assert len(cache.newest(BTC, 10)) == 4


def test_a_write_without_a_start_never_mixes_two(client: Client) -> None:
    """As after a failover to a replica that lagged."""
    filled(client, THERE)
    cache = CandleCache(client, 7, NEW, HERE)
    cache.store({BTC: [candle(3)]}, live=False)
    assert cache.newest(BTC, 10) == [candle(3)]
    assert cache.coverage(BTC) == Coverage()


def test_an_emptied_store_is_named_again(client: Client) -> None:
    cache = CandleCache(client, 7, NEW, HERE)
    cache.store({BTC: [candle(0)]}, live=False)
    client.delete(META)
    cache.store({BTC: [candle(1)]}, live=False)
    assert client.hget(META, "source") == HERE


def test_an_older_lease_forgets_nothing(client: Client) -> None:
    candles = [candle(number) for number in range(3)]
    CandleCache(client, 7, NEW, THERE).store({BTC: candles}, live=False)
    with pytest.raises(WriteFenced):
        CandleCache(client, 7, OLD, HERE).claim([BTC])
    assert client.hget(META, "source") == THERE


def test_it_is_said_once_for_all_pairs(client: Client) -> None:
    filled(client, THERE)
    said: list[str] = []
    port = CachePort(CandleCache(client, 7, NEW, HERE), TickerCache(client, 7, NEW), inline, said.append)
    asyncio.run(port.claim([BTC, ETH]))
    asyncio.run(port.claim([BTC, ETH]))
    assert said == [
        f"What was kept of BTCUSDT 5m came from another source than {HERE}: it is forgotten and fetched anew."
    ]

"""Tickers in the store, on each kind of it: the newest stands for a minute, and each change is told."""

from __future__ import annotations

import json

import pytest

from perseus import keys
from perseus.errors import StoreCorrupt
from perseus.market.tickercache import StoredTickers, TickerCache
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client
from tests.market.making import NEW, OLD
from tests.market.test_ticker import ticker

KEY = keys.ticker(7, "BTC-USD")
NOW = 1_790_000_000_000


@pytest.fixture
def cache(client: Client) -> TickerCache:
    return TickerCache(client, 7, NEW)


def test_the_newest_stands_for_a_minute(cache: TickerCache, client: Client) -> None:
    other = ticker(symbol="ETH-USD")
    assert cache.store([ticker(), other]) == StoredTickers(written=2)
    assert (cache.get("BTC-USD"), cache.get("ETH-USD"), cache.get("SOL-USD")) == (ticker(), other, None)
    assert 55 < int(client.ttl(KEY)) <= 60
    assert cache.store([ticker(price="2", event_ms=NOW - 1)]) == StoredTickers(refused=1)
    assert cache.get("BTC-USD") == ticker()
    client.expire(KEY, 10)
    cache.store([ticker(price="3", event_ms=NOW + 1)])
    assert cache.get("BTC-USD") == ticker(price="3", event_ms=NOW + 1)
    assert int(client.ttl(KEY)) > 55


def test_each_change_is_told_once(cache: TickerCache, client: Client) -> None:
    channel = keys.ticker_channel(7, "BTC-USD")
    with client.pubsub() as listener:
        listener.subscribe(channel)
        assert listener.get_message(timeout=5)
        for one in (ticker(), ticker(), ticker(price="2", event_ms=NOW - 1), ticker(price="3", event_ms=NOW + 1)):
            cache.store([one])
        client.publish(channel, "null")
        heard = []
        while (message := listener.get_message(timeout=5)) is not None and message["data"] != "null":
            heard.append(json.loads(message["data"])["price"])
    assert heard == ["1.50", "3"]


def test_an_older_lease_writes_none(cache: TickerCache, client: Client) -> None:
    cache.store([ticker()])
    with pytest.raises(WriteFenced):
        TickerCache(client, 7, OLD).store([ticker(price="9", event_ms=NOW + 9)])
    assert cache.get("BTC-USD") == ticker()


@pytest.mark.parametrize("text", ["mine", "{}", "1"])
def test_a_key_that_somebody_spoilt_is_named(cache: TickerCache, client: Client, text: str) -> None:
    client.set(KEY, text)
    stored = cache.store([ticker(), ticker(symbol="ETH-USD")])
    assert (stored.written, list(stored.corrupt)) == (1, ["BTC-USD"])
    with pytest.raises(StoreCorrupt, match=KEY):
        cache.get("BTC-USD")

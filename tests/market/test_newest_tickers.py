"""Tickers of many symbols at once, on a server, a Cluster and behind a Sentinel: what can be read, and nothing else."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.market import tickers
from perseus.market.ticker import Ticker
from perseus.market.tickercache import TickerCache
from perseus.store import connect

pytestmark = pytest.mark.everywhere

NAMES = [f"A{number}-USDT" for number in range(100)]


def ticker(symbol: str) -> Ticker:
    return Ticker(symbol, "10", None, None, None, None, "100", None, None, 1_795_269_802_000)


def test_those_that_are_there_are_read_and_junk_is_left_out(real_store: str) -> None:
    with connect(real_store, timeout=2, name="test") as client:
        TickerCache(client, 2, "7").store([ticker(name) for name in NAMES])
        client.set(keys.ticker(2, NAMES[1]), "junk")
        client.set(keys.ticker(2, NAMES[2]), ticker("OTHER-USDT").to_json(2, "7"))
        client.delete(keys.ticker(2, NAMES[3]))
        client.rpush(keys.ticker(2, NAMES[3]), "a list")
        found = tickers.newest(client, 2, [*NAMES, "NOT-THERE", NAMES[0]])
        assert set(found) == {NAMES[0], *NAMES[4:]}
        assert found[NAMES[0]] == ticker(NAMES[0])
        assert tickers.newest(client, 2, []) == {}
        assert tickers.newest(client, 3, NAMES) == {}

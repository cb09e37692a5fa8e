"""Watched symbols: a set for each exchange, changed whole, never more than may be."""

from __future__ import annotations

import threading

import pytest

from perseus import db
from perseus.db import watched
from perseus.db.errors import TooManySymbols
from perseus.network.exchange import Exchange
from tests.databases import execute

BINANCE = Exchange(2, "binance", "Binance")
COINBASE = Exchange(1, "coinbase", "Coinbase Advanced Trade")


def test_what_is_watched_is_of_one_exchange_and_sorted(database: str) -> None:
    assert db.watched_symbols(database, BINANCE) == ()
    assert watched.watch(database, BINANCE, ["ETH-USDT", "BTC-USDT"], "ada@example.net") == ("ETH-USDT", "BTC-USDT")
    assert db.watched_symbols(database, BINANCE) == ("BTC-USDT", "ETH-USDT")
    assert db.watched_symbols(database, COINBASE) == ()
    first = watched.watched(database, BINANCE)[0]
    assert (first.symbol, first.created_by) == ("BTC-USDT", "ada@example.net")
    assert first.created_ms > 1_700_000_000_000


def test_what_is_watched_already_is_not_added_twice(database: str) -> None:
    watched.watch(database, BINANCE, ["BTC-USDT"], "ada@example.net")
    added = watched.watch(database, BINANCE, ["BTC-USDT", "ETH-USDT", "ETH-USDT"], "vera@example.net")
    assert added == ("ETH-USDT",)
    assert [one.created_by for one in watched.watched(database, BINANCE)] == ["ada@example.net", "vera@example.net"]


def test_what_is_taken_out_is_told(database: str) -> None:
    watched.watch(database, BINANCE, ["BTC-USDT", "ETH-USDT"], "ada@example.net")
    watched.watch(database, COINBASE, ["BTC-USDT"], "ada@example.net")
    assert watched.unwatch(database, BINANCE, ["BTC-USDT", "SOL-USDT"]) == ("BTC-USDT",)
    assert db.watched_symbols(database, BINANCE) == ("ETH-USDT",)
    assert db.watched_symbols(database, COINBASE) == ("BTC-USDT",)


def test_more_than_may_be_are_not_added_at_all(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "MOST", 2)
    watched.watch(database, BINANCE, ["BTC-USDT"], "ada@example.net")
    with pytest.raises(TooManySymbols, match="At most 2 symbols of binance are watched"):
        watched.watch(database, BINANCE, ["ETH-USDT", "SOL-USDT"], "ada@example.net")
    assert db.watched_symbols(database, BINANCE) == ("BTC-USDT",)


def test_the_database_itself_holds_one_row_for_each_symbol(database: str) -> None:
    adding = "INSERT INTO watched_symbols (exchange_id, symbol) VALUES (2, 'BTC-USDT')"
    execute(database, adding)
    with pytest.raises(Exception, match=r"(?i)unique"):
        execute(database, adding)


def test_two_at_once_do_not_come_over_what_may_be(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "MOST", 10)
    gate, refused = threading.Barrier(4), []

    def add(number: int) -> None:
        gate.wait()
        try:
            watched.watch(database, BINANCE, [f"A{number}{one}-USDT" for one in range(4)], "ada@example.net")
        except TooManySymbols as error:
            refused.append(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(db.watched_symbols(database, BINANCE)), len(refused)) == (8, 2)

"""What a process takes in, and that nothing is made up unless it is asked for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import db
from perseus.db import watched
from perseus.errors import EXIT_CONFIG
from perseus.ingest.opening import NoSource, Sources
from perseus.ingest.synthetic import SyntheticFeed
from perseus.network.exchange import Exchange
from perseus.settings import Settings
from tests.conftest import short
from tests.databases import made_in

BINANCE = Exchange(2, "binance", "Binance")


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    made_in(tmp_path)
    return short(tmp_path, redis_url=SecretStr("redis://127.0.0.1:9/0"))


def feed_of(sources: Sources, name: str) -> object:
    return sources.open(name).maker()(None)  # type: ignore[arg-type]


def test_with_nothing_to_take_in_a_start_is_refused_and_says_what_to_do(home: Settings) -> None:
    with pytest.raises(NoSource) as refused:
        Sources(home).open("binance")
    said = str(refused.value)
    assert refused.value.exit_code == EXIT_CONFIG
    for way in ("/exchanges/binance/symbols", "PERSEUS_SYMBOLS", "--made-up"):
        assert way in said


def test_an_exchange_without_an_adapter_says_which_have_one(home: Settings) -> None:
    with closing(sqlite3.connect(home.home / "perseus.db")) as database, database:
        database.execute("update exchanges set is_active = 1 where name = 'kraken'")
    with pytest.raises(NoSource, match="no adapter for kraken.*binance, binance_us, coinbase.*--made-up"):
        Sources(home.model_copy(update={"symbols": ("XBTUSD",)})).open("kraken")
    assert isinstance(feed_of(Sources(home, made_up=True), "kraken"), SyntheticFeed)


def test_a_made_up_market_is_played_where_it_is_asked_for_whatever_is_watched(home: Settings) -> None:
    watched.watch(db.default_url(home.home), BINANCE, ["BTCUSDT"], "ada@example.net")
    assert isinstance(feed_of(Sources(home, made_up=True), "binance"), SyntheticFeed)


@pytest.mark.parametrize("by", ["setting", "database", "simulator"])
def test_what_says_what_to_take_in_is_enough(home: Settings, by: str) -> None:
    settings, simulator = home, None
    if by == "setting":
        settings = home.model_copy(update={"symbols": ("BTCUSDT",)})
    elif by == "database":
        watched.watch(db.default_url(home.home), BINANCE, ["BTCUSDT"], "ada@example.net")
    else:
        simulator = "http://127.0.0.1:9"
    assert Sources(settings, simulator=simulator).open("binance").exchange.name == "binance"


def test_what_is_watched_is_read_anew_each_time(home: Settings) -> None:
    url = db.default_url(home.home)
    watched.watch(url, BINANCE, ["BTCUSDT"], "ada@example.net")
    opening = Sources(home).open("binance")
    watched.unwatch(url, BINANCE, ["BTCUSDT"])
    with pytest.raises(NoSource):
        opening.maker()

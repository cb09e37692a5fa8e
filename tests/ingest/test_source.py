"""Which symbols an ingest process takes in: those of the setting, else the watched ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perseus import db
from perseus.db import watched
from perseus.ingest import source
from perseus.ingest.engine.wanted import Wanted
from perseus.network.exchange import Exchange
from tests.conftest import short

BINANCE = Exchange(2, "binance", "Binance")


@pytest.mark.parametrize(
    ("named", "of_database", "taken", "chosen"),
    [
        ((), (), (), "all that is traded"),
        ((), ("BTC-USDT", "ETH-USDT"), ("BTC-USDT", "ETH-USDT"), "what is watched"),
        (("SOL-USDT",), ("BTC-USDT",), ("SOL-USDT",), "PERSEUS_SYMBOLS"),
    ],
)
def test_the_setting_wins_over_what_is_watched(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: tuple[str, ...],
    of_database: tuple[str, ...],
    taken: tuple[str, ...],
    chosen: str,
) -> None:
    url = db.default_url(tmp_path)
    db.initialise(url)
    watched.watch(url, BINANCE, of_database, "ada@example.net")
    settings = short(tmp_path, database_url=url, symbols=named, redis_url="redis://127.0.0.1:1/0")
    made: list[tuple[Wanted, str]] = []
    monkeypatch.setattr(source, "ExchangeFeed", lambda _, about, __: made.append((about.wanted, about.chosen)))
    instance: Any = None
    source.feed_maker(BINANCE, settings, "http://127.0.0.1:1")(instance)
    assert [(one.symbols, why) for one, why in made] == [(taken, chosen)]

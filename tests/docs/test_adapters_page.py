"""The page for who writes an adapter: its row can be made as it says, and each part and event is on it."""

from __future__ import annotations

import dataclasses
import re
import sqlite3
from pathlib import Path
from typing import get_args

from perseus import db
from perseus.db.models import ExchangeRow
from perseus.exchanges import dialect, events, symbols
from perseus.exchanges.wire import request
from perseus.market.candle import Candle
from perseus.network.exchange import Exchange
from tests.docs import pages

PAGE = pages.DOCS.joinpath("adapters.md").read_text("utf-8")


def test_the_row_is_made_as_it_says(tmp_path: Path) -> None:
    url = db.default_url(tmp_path)
    db.initialise(url)
    (statement,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    with sqlite3.connect(tmp_path / "perseus.db") as rows:
        rows.execute(statement)
    rows.close()
    try:
        (made,) = [one for one in db.exchanges(url) if one.name == "nimbus"]
        assert made.id >= 1000
        found = db.endpoints(url, Exchange(made.id, "nimbus", "Nimbus"))
    finally:
        db.disconnect(url)
    assert (found.ws_url, found.rest_url) == ("wss://stream.nimbus.example", "https://api.nimbus.example")
    assert found.timeframes == ("1m", "5m", "1h", "1d")


def test_each_column_part_field_and_event_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    columns = set(ExchangeRow.__table__.columns.keys())
    parts = {name for name in [*vars(dialect.Dialect), *dialect.Dialect.__annotations__] if name[0] != "_"}
    kinds = {kind.__name__ for kind in get_args(events.Event)}
    types = (
        request.Request,
        request.Limit,
        symbols.Listing,
        dialect.SocketRules,
        dialect.Subscription,
        dialect.Message,
    )
    fields = {field.name for one in (*types, dialect.Shard, dialect.Spent) for field in dataclasses.fields(one)}
    fields |= set(Candle.__struct_fields__) - {"open", "high", "low", "close"}
    assert (columns | parts | kinds | fields) - named == set()

"""Rows that a new site begins with: the first routing rule, and the six known exchanges.

Facts of exchanges are as their public documentation gave them when the rows were written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from perseus.db.models import ExchangeRow, SettingRow
from perseus.notify.configuration import FIRST_RULE

RULES = "rules"
COINBASE_TIMEFRAMES = ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "1d"]
BINANCE_TIMEFRAMES = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]

SEEDS: Sequence[dict[str, Any]] = (
    {
        "id": 1,
        "name": "coinbase",
        "display_name": "Coinbase Advanced Trade",
        "ws_url": "wss://advanced-trade-ws.coinbase.com",
        "rest_url": "https://api.coinbase.com",
        "supported_timeframes": COINBASE_TIMEFRAMES,
        "api_limits": {"wsConnectionsPerIp": 750, "wsMessagesPerSecond": 8, "restWeight": 10_000},
        "fee_schedule": {"maker": "0.006", "taker": "0.012"},
        "geo_restrictions": None,
        "is_active": True,
    },
    {
        "id": 2,
        "name": "binance",
        "display_name": "Binance",
        "ws_url": "wss://stream.binance.com:9443",
        "rest_url": "https://api.binance.com",
        "supported_timeframes": BINANCE_TIMEFRAMES,
        "api_limits": {"wsConnectionsPer5Minutes": 300, "restWeight": 6000, "ordersPer10Seconds": 50},
        "fee_schedule": {"maker": "0.001", "taker": "0.001"},
        "geo_restrictions": {"blocked": ["US"], "httpStatus": 451},
        "is_active": True,
    },
    {
        "id": 3,
        "name": "binance_us",
        "display_name": "Binance US",
        "ws_url": "wss://stream.binance.us:9443",
        "rest_url": "https://api.binance.us",
        "supported_timeframes": BINANCE_TIMEFRAMES,
        "api_limits": {"restWeight": 1200, "ordersPer10Seconds": 10},
        "fee_schedule": {"maker": "0.001", "taker": "0.001"},
        "geo_restrictions": None,
        "is_active": True,
    },
    {
        "id": 4,
        "name": "kraken",
        "display_name": "Kraken",
        "ws_url": "wss://ws.kraken.com",
        "rest_url": "https://api.kraken.com",
        "supported_timeframes": [],
        "api_limits": {"callsPerSecond": 1, "decayPerSecond": 0.33},
        "fee_schedule": {"maker": "0.0016", "taker": "0.0026"},
        "geo_restrictions": None,
        "is_active": False,
    },
    {
        "id": 5,
        "name": "kucoin",
        "display_name": "KuCoin",
        "ws_url": "wss://ws-api-spot.kucoin.com",
        "rest_url": "https://api.kucoin.com",
        "supported_timeframes": [],
        "api_limits": {"callsPerSecond": 10},
        "fee_schedule": {"maker": "0.001", "taker": "0.001"},
        "geo_restrictions": None,
        "is_active": False,
    },
    {
        "id": 6,
        "name": "mexc",
        "display_name": "MEXC",
        "ws_url": "wss://wbs.mexc.com/ws",
        "rest_url": "https://api.mexc.com",
        "supported_timeframes": [],
        "api_limits": {"callsPerSecond": 20},
        "fee_schedule": {"maker": "0", "taker": "0.001"},
        "geo_restrictions": None,
        "is_active": False,
    },
)


def sow(connection: Connection) -> int:
    """Add the seed rows that are missing and bring the facts of the others up to date; returns how many were added.

    `is_active` of a row that is there stays: which exchanges are on is the operator's word. So does its id.
    """
    there = {row.name: row for row in connection.execute(select(ExchangeRow.__table__))}
    ids = {row.id for row in there.values()}
    missing = [seed for seed in SEEDS if seed["name"] not in there]
    for seed in SEEDS:
        if seed["name"] in there:
            _refresh(connection, there[seed["name"]], seed)
    # A seed whose id is taken gets one from the database, which must not be that of a seed still to come.
    for seed in sorted(missing, key=lambda seed: seed["id"] in ids):
        connection.execute(insert(ExchangeRow).values(_without(seed, {"id"} if seed["id"] in ids else set())))
    return len(missing)


def sow_rules(connection: Connection) -> None:
    """Make the row of the routing rules, where there never was one. Rules that somebody deleted stay deleted."""
    if connection.execute(select(SettingRow.name).where(SettingRow.name == RULES)).first() is None:
        connection.execute(insert(SettingRow).values(name=RULES, value=[FIRST_RULE.model_dump(mode="json")]))


def _refresh(connection: Connection, row: Row[Any], seed: dict[str, Any]) -> None:
    facts = _without(seed, {"id", "name", "is_active"})
    if any(getattr(row, name) != value for name, value in facts.items()):
        change = update(ExchangeRow).where(ExchangeRow.name == seed["name"])
        connection.execute(change.values(**facts, updated_at=func.now()))


def _without(seed: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in seed.items() if name not in names}

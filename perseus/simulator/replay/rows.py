"""Candles out of recorded messages and answers, as rows of the REST interface that they are told by again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from perseus.clock import parse_iso
from perseus.simulator.coinbase import forms as coinbaseforms

Key = tuple[str, str]
"""Symbol and timeframe."""
Found = list[tuple[Key, int, Any]]
"""Of each candle its key, when it opens in Unix milliseconds, and its row."""
COINBASE = ("start", "low", "high", "open", "close", "volume")


def symbols(said: Mapping[str, Any]) -> list[str]:
    """Those that a message is about."""
    body = said.get("data", said)
    if not isinstance(body, dict):
        return []
    named = [body.get("s"), body.get("product_id")]
    for event in _events(said):
        named += [one.get("product_id") for one in (*event.get("candles", ()), *event.get("tickers", ()))]
    return [name for name in named if isinstance(name, str)]


def streamed(said: Mapping[str, Any]) -> Found:
    """Those that a message tells. One that cannot be read tells none."""
    try:
        body = said.get("data", said)
        if isinstance(body, dict) and body.get("e") == "kline":
            return [_kline(body["k"])]
        if said.get("channel") == "candles":
            return [_candle(one) for event in _events(said) for one in event["candles"]]
    except (KeyError, TypeError, ValueError):
        pass
    return []


def fetched(path: str, params: Mapping[str, str], body: bytes) -> Found | None:
    """Those of an answer; None when it is no whole JSON, or not what was asked for."""
    try:
        said = msgspec.json.decode(body)
        if path.endswith("/klines"):
            return [((params["symbol"], params["interval"]), int(row[0]), row) for row in said]
        if path.endswith("/candles"):
            key = path.split("/")[-2], coinbaseforms.GRANULARITIES[params["granularity"]]
            return [(key, int(row["start"]) * 1000, row) for row in said["candles"]]
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError, IndexError):
        return None
    return []


def listed(body: bytes) -> dict[str, tuple[str, str, str]]:
    """By each symbol of a list of all: base, quote, and the other name under which it is delivered."""
    said = msgspec.json.decode(body)
    if not isinstance(said, dict):
        return {}
    found = {one["symbol"]: (one["baseAsset"], one["quoteAsset"], "") for one in said.get("symbols", ())}
    for one in said.get("products", ()):
        named = one["base_currency_id"], one["quote_currency_id"], one.get("alias", "")
        found[one["product_id"]] = named
    return found


def stamp(said: Mapping[str, Any]) -> int | None:
    """When the exchange made a message, by its clock."""
    body = said.get("data", said)
    if isinstance(body, dict) and isinstance(body.get("E"), int):
        return int(body["E"])
    try:
        return parse_iso(said["timestamp"])
    except (KeyError, TypeError, ValueError):
        return None


def time_told(body: bytes) -> int | None:
    """By an answer that tells the time."""
    try:
        said = msgspec.json.decode(body)
        return int(said["serverTime"] if "serverTime" in said else said["epochMillis"])
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        return None


def _events(said: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    events = said.get("events")
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def _kline(k: Mapping[str, Any]) -> tuple[Key, int, Any]:
    row = [k["t"], k["o"], k["h"], k["l"], k["c"], k["v"], k["T"], k["q"], k["n"], k["V"], k["Q"], "0"]
    return (str(k["s"]), str(k["i"])), int(k["t"]), row


def _candle(one: Mapping[str, Any]) -> tuple[Key, int, Any]:
    return (str(one["product_id"]), "5m"), int(one["start"]) * 1000, {name: one[name] for name in COINBASE}

"""What the simulator says has the shape of what the exchanges said: keys, their order, types, and the form of numbers.

Real payloads and captures are not part of the project: where they are absent these tests are skipped.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.dialects.readings import messages, payload, shared
from tests.simulator.conftest import START_MS, Bench, told
from tests.simulator.looking import coinbase, heard

DECIMAL = re.compile(r"-?\d+\.\d+")
FLOOR_S = START_MS // 300_000 * 300


def shape(value: Any) -> Any:
    """Keys in order, types, and for numbers in text the form they have."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return "decimal text"
    return type(value).__name__


def keys(value: dict[str, Any]) -> list[str]:
    return list(value)


def test_klines_have_the_twelve_columns(bench: Bench) -> None:
    real = json.loads(payload("binance_http_spot_market_klines"))
    ours = bench.json("/api/v3/klines", symbol="BTCUSDT", interval="1m")
    assert [shape(value) for value in ours[0]] == [shape(value) for value in real[0]]
    assert ours[0][6] - ours[0][0] == real[0][6] - real[0][0]
    assert all(len(value.split(".")[1]) == 8 for value in (*ours[0][1:6], *ours[0][9:11]))


def test_kline_events_are_those_of_the_capture_in_raw_and_combined_form(bench: Bench) -> None:
    real = [json.loads(line) for line in messages("cryptofeed_BINANCE.ws.1.0") if b"@kline" in line]
    assert real
    ours = heard(bench, bench.open("/stream", streams="btcusdt@kline_1m"), 5)[0]
    assert shape(ours) == shape(real[0])
    raw = heard(bench, bench.open("/ws/btcusdt@kline_1m"), 5)[0]
    assert shape(raw) == shape(real[0]["data"])


def test_exchange_info_has_every_key_of_the_real_one(bench: Bench) -> None:
    line = shared("captures", "cryptofeed_BINANCE.0").read_text("utf-8").splitlines()[0]
    real = json.loads(line[line.index(": {") + 2 :])
    ours = bench.json("/api/v3/exchangeInfo")
    assert keys(ours) == keys(real)
    assert [limit["rateLimitType"] for limit in ours["rateLimits"]] == [
        limit["rateLimitType"] for limit in real["rateLimits"]
    ]
    assert keys(ours["rateLimits"][0]) == keys(real["rateLimits"][0])
    assert [key for key in ours["symbols"][0] if key != "permissionSets"] == keys(real["symbols"][0])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v3/time", "binance_spot_server_time_response"),
        ("/api/v3/ticker/price", "binance_spot_ticker_price_response"),
        ("/api/v3/ticker/24hr", "binance_spot_ticker_24hr_response"),
    ],
)
def test_small_answers_of_binance_have_their_keys_in_order(bench: Bench, path: str, name: str) -> None:
    params = {} if path.endswith("time") else {"symbol": "BTCUSDT"}
    assert shape(bench.json(path, **params)) == shape(json.loads(payload(name)))


def test_coinbase_candles_are_text_in_seconds(bench: Bench) -> None:
    real = json.loads(payload("coinbase_http_candles"))
    span = {"start": FLOOR_S - 3_000, "end": FLOOR_S, "granularity": "FIVE_MINUTE"}
    ours = bench.json("/api/v3/brokerage/market/products/BTC-USD/candles", "coinbase", **span)
    assert keys(ours) == keys(real)
    assert keys(ours["candles"][0]) == keys(real["candles"][0])
    assert all(isinstance(value, str) for value in ours["candles"][0].values())
    newest_first = [int(row["start"]) for row in real["candles"]]
    assert newest_first == sorted(newest_first, reverse=True)


def test_coinbase_products_have_every_key_of_a_real_one(bench: Bench) -> None:
    real = json.loads(payload("coinbase_http_products"))
    ours = bench.json("/api/v3/brokerage/market/products", "coinbase")
    by_id = {product["product_id"]: product for product in ours["products"]}
    assert keys(by_id["BTC-USD"]) == keys(real["products"][0])
    for mine, theirs in zip((by_id["BTC-USD"], by_id["BTC-USDC"]), real["products"], strict=False):
        assert {key: type(value) for key, value in mine.items()} == {key: type(value) for key, value in theirs.items()}
        assert (mine["alias"], mine["alias_to"]) == (theirs["alias"], theirs["alias_to"])


def test_a_coinbase_ticker_over_rest_has_its_keys(bench: Bench) -> None:
    real = json.loads(payload("coinbase_http_ticker"))
    ours = bench.json("/api/v3/brokerage/market/products/BTC-USD/ticker", "coinbase")
    assert keys(ours) == keys(real)
    assert keys(ours["trades"][0]) == keys(real["trades"][0])


@pytest.mark.parametrize("channel", ["candles", "heartbeats", "subscriptions", "ticker"])
def test_messages_of_coinbase_have_their_keys_but_for_the_client_id(bench: Bench, channel: str) -> None:
    real = json.loads(payload(f"coinbase_ws_{channel}"))
    session = coinbase(bench, "candles", "heartbeats", "ticker")
    bench.wait(10)
    ours = [message for message in told(session) if message["channel"] == channel][-1]
    assert keys(ours) == [key for key in keys(real) if key != "client_id"]
    mine, theirs = ours["events"][0], real["events"][0]
    assert keys(mine) == keys(theirs)
    if channel in ("candles", "ticker"):
        inner = "candles" if channel == "candles" else "tickers"
        assert keys(mine[inner][0]) == keys(theirs[inner][0])
    if channel == "heartbeats":
        assert isinstance(mine["heartbeat_counter"], int)

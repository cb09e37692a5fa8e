"""Messages that no exchange should send: each is an event of its own, whatever stands in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.exchanges.binance_streams import decode as binance
from perseus.exchanges.coinbase_streams import decode as coinbase
from perseus.exchanges.events import CandleEvent, Event, TickerEvent, Unreadable

E_MS = 1_790_000_130_000
Decode = Callable[[bytes], list[Event]]
DIALECTS: tuple[Decode, ...] = (
    binance,
    lambda data: coinbase(data, "connection"),
    lambda data: coinbase(data, "product"),
)
everywhere = pytest.mark.parametrize("decode", DIALECTS)

KLINE: dict[str, Any] = {
    "e": "kline", "E": E_MS, "s": "BTCUSDT",
    "k": {
        "t": E_MS - 30_000, "i": "1m", "o": "1", "h": "2", "l": "1", "c": "1.5", "v": "1", "q": "1", "n": 1, "x": False,
    },
}  # fmt: skip
MINI = {"e": "24hrMiniTicker", "E": E_MS, "s": "BTCUSDT", "c": "1", "o": "2", "h": "2", "l": "1", "v": "1", "q": "1"}
ROW = {"start": "1790000100", "open": "1", "high": "2", "low": "1", "close": "1.5", "volume": "1", "product_id": "A-B"}
TOLD = {
    "product_id": "A-B", "price": "1", "volume_24_h": "1", "low_24_h": "1", "high_24_h": "2",
    "price_percent_chg_24_h": "-3", "best_bid": "1", "best_ask": "1",
}  # fmt: skip


def envelope(channel: str, **event: object) -> dict[str, Any]:
    return {
        "channel": channel, "timestamp": "2026-11-21T20:00:00Z", "sequence_num": 1,
        "events": [{"type": "update", **event}],
    }  # fmt: skip


MESSAGES: tuple[Any, ...] = (
    KLINE,
    {"stream": "btcusdt@kline_1m", "data": KLINE},
    MINI,
    [MINI, MINI],
    {"result": None, "id": 1},
    {"error": {"code": 1, "msg": "x"}, "id": 1},
    {"e": "serverShutdown", "E": E_MS},
    envelope("candles", candles=[ROW]),
    envelope("ticker", tickers=[TOLD]),
    envelope("heartbeats", heartbeat_counter="1"),
    envelope("subscriptions", subscriptions={"candles": ["A-B"]}),
    {"type": "error", "message": "x"},
)
NUMBERS = ("1e9999999", "1e-9999999", "1e99", "NaN", "Infinity", "-1", "9" * 101, "9" * 5_000, "\u0661", "sNaN", "1_0")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from((*NUMBERS, "1M", "1y", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"))
)
ANY = st.recursive(LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=3), some))


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good message of which one part is another thing, or of which some bytes are."""
    said = json.loads(json.dumps(draw(st.sampled_from(MESSAGES))))
    at, key = said, None
    while isinstance(at, dict | list) and at and (key is None or draw(st.integers(0, 3))):
        holder, key = at, draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        at = holder[key]
    holder[key] = draw(ANY)
    data = bytearray(json.dumps(said).encode())
    for _ in range(draw(st.sampled_from((0, 0, 1, 3)))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


def judge(decode: Decode, data: bytes) -> list[Event]:
    """What it gives, which is something, and bounded."""
    events = decode(data)
    assert events
    for event in events:
        if isinstance(event, CandleEvent):
            candle = event.candle
            assert event.pair.timeframe.is_open(candle.open_ms)
            assert all(0 < float(price) < math.inf for price in (candle.open, candle.high, candle.low, candle.close))
            assert float(candle.low) <= float(candle.close) <= float(candle.high)
        elif isinstance(event, TickerEvent):
            assert max(len(event.ticker.price), len(event.ticker.change24h or "")) <= 101
            assert float(event.ticker.price) < math.inf
    return events


@everywhere
@given(st.binary(max_size=200) | ANY.map(lambda said: json.dumps(said).encode()) | spoilt())
def test_nothing_that_comes_is_an_error(decode: Decode, data: bytes) -> None:
    judge(decode, data)


@everywhere
@pytest.mark.parametrize("depth", [900, 2_000, 100_000])
@pytest.mark.parametrize(
    "around", ["%s", '{"e":"kline","zz":%s}', '{"stream":"x","data":%s}', '{"channel":"candles","zz":%s}']
)
def test_json_that_is_nested_too_deep_cannot_be_read(decode: Decode, depth: int, around: str) -> None:
    judge(decode, (around % ("[" * depth + "]" * depth)).encode())


@everywhere
@pytest.mark.parametrize(
    "data",
    [
        b'"\xff"',
        b'{"e":"\xff\xfe"}',
        b'{"channel":"\xff"}',
        b"\xff\xfe",
        b"9" * 5_000,
        b'{"result":null,"id":%s}' % (b"9" * 5_000),
    ],
)
def test_what_is_no_text_cannot_be_read(decode: Decode, data: bytes) -> None:
    judge(decode, data)


def test_what_is_no_text_is_named() -> None:
    for decode in DIALECTS:
        (event,) = decode(b"\xff\xfe")
        assert isinstance(event, Unreadable)
        assert event.subject is None


@pytest.mark.parametrize("data", [b'{"e":[]}', b'{"e":{}}'])
def test_a_kind_that_is_no_word_cannot_be_read(data: bytes) -> None:
    (event,) = binance(data)
    assert isinstance(event, Unreadable)


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_without_bound_are_no_prices(number: str) -> None:
    if number != "1e99":
        for field in "oc":
            (event,) = binance(json.dumps({**MINI, field: number}).encode())
            assert isinstance(event, Unreadable)
        _, event = coinbase(json.dumps(envelope("ticker", tickers=[{**TOLD, "price": number}])).encode(), "product")
        assert isinstance(event, Unreadable)

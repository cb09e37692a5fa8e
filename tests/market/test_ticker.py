"""Tickers: what is not told stays unknown, and what is none is refused by name."""

from __future__ import annotations

import json

import pytest

from perseus.market.ticker import BadTicker, Ticker

FIELDS = ("price", "change24h", "change_percent24h", "high24h", "low24h", "volume24h", "bid", "ask")


def ticker(**changes: object) -> Ticker:
    values: dict[str, object] = dict.fromkeys(FIELDS, "1.50")
    return Ticker(**{**values, "symbol": "BTC-USD", "event_ms": 1_790_000_000_000, **changes})  # type: ignore[arg-type]


def test_what_is_written_as_json_is_read_as_it_was() -> None:
    for one in (ticker(), ticker(**dict.fromkeys(FIELDS[1:])), ticker(change24h="-0.10", change_percent24h="-1e-3")):
        assert Ticker.from_json(one.to_json(7, "12")) == one


def test_the_json_has_these_fields_in_this_order() -> None:
    told = json.loads(ticker(bid=None).to_json(7, "12"))
    assert list(told) == [
        *("symbol", "price", "change24h", "changePercent24h", "high24h", "low24h", "volume24h", "bid", "ask"),
        *("eventTime", "exchangeId", "fencingToken"),
    ]
    assert (told["bid"], told["eventTime"], told["exchangeId"], told["fencingToken"]) == (
        None,
        1_790_000_000_000,
        7,
        "12",
    )


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["", "NaN", "--1", "1 ", 1.5])
def test_what_is_no_decimal_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(BadTicker) as bad:
        ticker(**{field: value})
    assert (bad.value.field, bad.value.value) == (field, value)


@pytest.mark.parametrize("field", ["price", "high24h", "low24h", "volume24h", "bid", "ask"])
def test_only_a_change_is_negative(field: str) -> None:
    with pytest.raises(BadTicker, match=field):
        ticker(**{field: "-1"})


def test_a_ticker_has_a_price_a_symbol_and_a_time() -> None:
    for field, value in (("price", None), ("symbol", "A B"), ("event_ms", 1_790_000_000_000_000)):
        with pytest.raises(BadTicker, match=field):
            ticker(**{field: value})


@pytest.mark.parametrize("text", [b"", b"{}", b'{"symbol":"A","price":1.5}'])
def test_json_that_is_no_ticker_is_refused(text: bytes) -> None:
    with pytest.raises(BadTicker, match="JSON"):
        Ticker.from_json(text)

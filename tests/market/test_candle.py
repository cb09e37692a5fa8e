"""Candles: the text of the wire stays as it is, and what is none is refused by name."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.errors import PerseusError
from perseus.market.candle import BadCandle, Candle, Pair, is_decimal
from perseus.market.timeframes import TIMEFRAMES
from tests.market.making import BTC, M5, START, candle

DECIMALS = st.from_regex(
    r"[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True, alphabet="0123456789.eE+-"
)
FIELDS = ("open", "high", "low", "close", "volume", "quote_volume")
NO_NUMBERS = [
    *(
        "",
        " ",
        "NaN",
        "nan",
        "Infinity",
        "-1",
        "+1",
        "1.",
        ".5",
        "1e",
        "1,5",
        "1 2",
        "1\n",
        "0x1",
        "1_0",
        "\u0661",
        "null",
    ),
    *("1e100", "1e99999", "1" * 101),
]


@given(st.builds(candle, open=DECIMALS, close=DECIMALS, volume=DECIMALS, trades=st.none() | st.integers(0, 2**40)))
def test_what_is_written_as_json_is_read_as_it_was(one: Candle) -> None:
    assert Candle.from_json(one.to_json(7, BTC)) == one
    told = json.loads(one.to_json(7, BTC))
    assert (told["open"], told["close"], told["volume"]) == (one.open, one.close, one.volume)


def test_the_json_has_these_fields_in_this_order() -> None:
    told = json.loads(candle(quote_volume=None).to_json(7, BTC))
    assert list(told.items()) == [
        ("timestamp", START),
        ("open", "100.00"),
        ("high", "110.00"),
        ("low", "90.00"),
        ("close", "105.00"),
        ("volume", "12.50000000"),
        ("quoteVolume", None),
        ("trades", 42),
        ("eventTime", START + 301_000),
        ("closed", True),
        ("symbol", "BTCUSDT"),
        ("timeframe", "5m"),
        ("exchangeId", 7),
    ]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_decimal_is_refused_by_its_field(field: str, text: str) -> None:
    with pytest.raises(BadCandle) as bad:
        candle(**{field: text})
    assert (bad.value.field, bad.value.value) == (field, text)
    assert isinstance(bad.value, PerseusError)
    assert field in str(bad.value)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("number", [1.5, 1, b"1", Decimal(1)])
def test_a_number_that_is_not_text_is_refused(field: str, number: object) -> None:
    with pytest.raises(BadCandle, match=field):
        candle(**{field: number})


@given(st.text(max_size=12) | DECIMALS)
def test_a_decimal_is_what_decimal_reads_as_finite_and_not_negative(text: str) -> None:
    try:
        read = Decimal(text) if text.isascii() and not set(text) & set("_+ \t\n\r\x0b\x0c-") - set("+-") else None
    except InvalidOperation:
        read = None
    if is_decimal(text):
        assert read is not None
        assert read.is_finite()
        assert read >= 0


@given(DECIMALS)
def test_every_plain_or_exponent_form_is_a_decimal(text: str) -> None:
    assert is_decimal(text)


@pytest.mark.parametrize(
    ("field", "value"), [("open_ms", -1), ("open_ms", START * 1_000), ("event_ms", 2**63), ("trades", -1)]
)
def test_a_time_in_other_units_and_a_negative_count_are_refused(field: str, value: int) -> None:
    with pytest.raises(BadCandle) as bad:
        candle(**{field: value})
    assert bad.value.field == field


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b'{"timestamp":1.5}', candle().to_json(1, BTC)[:-9], b'{"open":100.0}']
)
def test_json_that_is_no_candle_is_refused(text: bytes) -> None:
    with pytest.raises(BadCandle, match="JSON"):
        Candle.from_json(text)


def test_a_price_that_is_a_json_number_is_refused() -> None:
    text = candle().to_json(7, BTC).replace(b'"105.00"', b"105.00")
    with pytest.raises(BadCandle):
        Candle.from_json(text)


def test_fields_that_nobody_knows_are_left_alone() -> None:
    assert Candle.from_json(candle().to_json(7, BTC)[:-1] + b',"corrected":true}') == candle()


@pytest.mark.parametrize("symbol", ["", "A B", "{A}", "A\n", "A" * 61, "A\x00"])
def test_a_symbol_that_cannot_stand_in_a_key_is_refused(symbol: str) -> None:
    with pytest.raises(BadCandle, match="symbol"):
        Pair(symbol, M5)


def test_pairs_are_keys() -> None:
    pairs = {Pair(symbol, timeframe) for symbol in ("A", "B") for timeframe in TIMEFRAMES for _ in range(2)}
    assert len(pairs) == 2 * len(TIMEFRAMES)
    assert str(BTC) == "BTCUSDT 5m"

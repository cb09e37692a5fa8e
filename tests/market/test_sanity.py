"""Candles that cannot be: each of their fields could, and together they are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.market.candle import BadCandle
from perseus.market.sanity import require_possible
from tests.market.making import M5, START, candle

PRICES = st.from_regex(
    r"[1-9][0-9]{0,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True, alphabet="0123456789.eE+-"
)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("open_ms", {"open_ms": START + 1}),
        ("open_ms", {"open_ms": 12_345}),
        ("open", {"open": "0"}),
        ("low", {"low": "0.00"}),
        ("close", {"close": "0e5"}),
        ("high", {"high": "80"}),
        ("open", {"open": "110.01"}),
        ("open", {"open": "89.99"}),
        ("close", {"close": "111"}),
        ("close", {"close": "8"}),
    ],
)
def test_what_cannot_be_is_refused_by_name(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(BadCandle) as caught:
        require_possible(candle(**changes), M5)
    assert caught.value.field == field


@given(st.lists(PRICES, min_size=4, max_size=4))
def test_what_can_be_is_never_refused(prices: list[str]) -> None:
    low, one, other, high = sorted(prices, key=Decimal)
    require_possible(candle(low=low, open=one, close=other, high=high), M5)

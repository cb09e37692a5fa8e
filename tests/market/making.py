"""Candles for tests."""

from __future__ import annotations

from hypothesis import strategies as st

from perseus.market.candle import Candle, Pair
from perseus.market.timeframes import Timeframe

M5 = Timeframe.parse("5m")
BTC = Pair("BTCUSDT", M5)
ETH = Pair("ETHUSDT", M5)
STEP = 300_000
START = 1_790_000_100_000
OLD, NEW = "1795226357876525", "1795226357876526"


def candle(number: int = 0, **changes: object) -> Candle:
    """The finished candle of that number, told a second after its end; `close` and others as given."""
    open_ms = START + number * STEP
    values: dict[str, object] = {
        "open_ms": open_ms,
        "open": "100.00",
        "high": "110.00",
        "low": "90.00",
        "close": "105.00",
        "volume": "12.50000000",
        "quote_volume": "1300.1",
        "trades": 42,
        "event_ms": open_ms + STEP + 1_000,
        "is_closed": True,
    }
    return Candle(**{**values, **changes})  # type: ignore[arg-type]


#: States of one candle, few enough to meet each other: numbers that are equal and differ in writing among them.
STATES = st.builds(
    candle,
    close=st.sampled_from(["105", "105.0", "1.05e2", "1050E-1", "0105.00", "106", "10.5", "0", "0.0"]),
    quote_volume=st.sampled_from(["1300.1", "1300.10", None]),
    trades=st.sampled_from([42, 43, None]),
    event_ms=st.integers(START, START + 3),
    is_closed=st.booleans(),
)

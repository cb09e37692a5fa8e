"""Candles that cannot be, although each of their fields could: nobody may write them, whoever told them."""

from __future__ import annotations

import math

from perseus.market.candle import BadCandle, Candle
from perseus.market.timeframes import Timeframe


def require_possible(candle: Candle, timeframe: Timeframe) -> None:
    """Raise BadCandle for one that opens when none does, or whose prices are nothing, endless or out of order.

    Floats only compare here, and rounding keeps their order: no candle that can be is refused.
    """
    if not timeframe.is_open(candle.open_ms):
        raise BadCandle("open_ms", candle.open_ms, f"at which no {timeframe} candle opens")
    low, high = float(candle.low), float(candle.high)
    if 0 < low <= high < math.inf and low <= float(candle.open) <= high and low <= float(candle.close) <= high:
        return
    raise _bad(candle, low, high)


def _bad(candle: Candle, low: float, high: float) -> BadCandle:
    for name in ("open", "high", "low", "close"):
        text = getattr(candle, name)
        if not 0 < float(text) < math.inf:
            return BadCandle(name, text, "which is no price")
    if low > high:
        return BadCandle("high", candle.high, f"which is below its low {candle.low}")
    name = "close" if low <= float(candle.open) <= high else "open"
    return BadCandle(name, getattr(candle, name), f"which is not from its low {candle.low} to its high {candle.high}")

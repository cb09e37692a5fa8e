"""The frames that are measured on are klines as our own dialect, and every peer's, reads them."""

from __future__ import annotations

from bench.klineframes import SPANS_MS, UPDATES, Frames, framed, rows, stream, ticker
from perseus.exchanges.binance_streams import decode
from perseus.exchanges.events import CandleEvent, TickerEvent
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.wire.transport import Answer
from perseus.market.candle import Candle, Pair
from perseus.market.timeframes import Timeframe

HEAD = 4
NAME = stream("C007", "1m")


def candles(frames: list[bytes]) -> list[Candle]:
    """What is in them."""
    events = [event for frame in frames for event in decode(frame[HEAD:])]
    assert all(isinstance(event, CandleEvent) and str(event.pair) == "C007USDT 1m" for event in events)
    return [event.candle for event in events if isinstance(event, CandleEvent)]


def test_each_past_candle_ends_with_one_closed_state() -> None:
    states = candles(list(Frames([NAME]).past(2 * UPDATES)))
    assert [state.is_closed for state in states] == [number % UPDATES == UPDATES - 1 for number in range(2 * UPDATES)]
    assert states[-1].open_ms - states[0].open_ms == SPANS_MS["1m"]
    assert len({state.event_ms for state in states}) == len(states)


def test_a_minute_that_has_passed_is_closed_before_the_next_one_opens() -> None:
    frames = Frames([NAME])
    states = candles([*frames.now(NAME, 59_999), *frames.now(NAME, 60_000)])
    assert [(state.open_ms, state.is_closed) for state in states] == [(0, False), (0, True), (60_000, False)]


def test_rest_gives_the_newest_rows_of_what_was_asked() -> None:
    for start_ms, limit, opens in ((60_001, 9, [120_000, 180_000, 240_000]), (0, 2, [180_000, 240_000])):
        answer = Answer(200, {}, framed(rows("1m", start_ms, 299_999, limit)))
        history = dialect_of("binance").parse_history(answer, Pair("C007USDT", Timeframe.parse("1m")), 400_000)
        assert [(candle.open_ms, candle.is_closed) for candle in history] == [(at, True) for at in opens]


def test_a_ticker_is_one_of_ours() -> None:
    (event,) = decode(ticker("c007usdt@miniTicker", 60_000, 3))
    assert isinstance(event, TickerEvent)
    assert event.ticker.symbol == "C007USDT"

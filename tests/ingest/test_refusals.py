"""What an exchange refused is asked for again each hour though its list of symbols cannot be read, pair by pair."""

from __future__ import annotations

import pytest

from perseus.errors import PerseusError, StoreUnavailable
from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.resterrors import RequestRefused
from perseus.exchanges.symbols import Listing, Listings
from perseus.ingest.engine.refusals import Refusals
from perseus.ingest.engine.series import Series
from perseus.market.candle import Pair
from perseus.market.timeframes import HOUR, Timeframe

REFUSED = RequestRefused("binance", "/klines", 404, None, "Not Found")
COUNT = 50


class Desk:
    """Refusals of COUNT pairs, each of a symbol of its own that is listed; `now_ms` is theirs."""

    def __init__(self) -> None:
        self.now_ms = 1_790_000_000_000
        frame = Timeframe.parse("1h")
        self.series = {
            pair: Series(pair, 60, is_streamed=True, is_close_told=True)
            for pair in (Pair(f"S{number}USDT", frame) for number in range(COUNT))
        }
        self.listings = Listings.of(Listing(pair.symbol, "S", "USDT", "trading", "TRADING") for pair in self.series)
        self.wanted: list[Pair] = []
        self.said: list[str] = []
        self.refusals = Refusals(self.series, self.want, lambda: self.listings, lambda: self.now_ms, self.said.append)

    def want(self, series: Series, _: Priority) -> None:
        self.wanted.append(series.pair)

    def refuse(self, *pairs: Pair) -> None:
        for pair in pairs:
            assert not self.refusals.failed(self.series[pair], REFUSED)

    def looks(self, count: int) -> list[Pair]:
        """What is asked for within so many looks, of which each asks for one at most; each is refused again."""
        before = len(self.wanted)
        for _ in range(count):
            at = len(self.wanted)
            self.refusals.look_anyway()
            assert len(self.wanted) <= at + 1, "a storm"
            self.refuse(*self.wanted[at:])
        return self.wanted[before:]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.refuse(*desk.series)
    return desk


def test_each_is_asked_for_once_an_hour_and_one_at_a_time(desk: Desk) -> None:
    desk.now_ms += HOUR - 1
    assert desk.looks(10) == []
    for _ in range(3):
        desk.now_ms += HOUR
        assert desk.looks(2 * COUNT) == list(desk.series)


def test_what_was_answered_and_what_is_gone_is_not_asked_for(desk: Desk) -> None:
    answered, gone, *others = desk.series
    desk.refusals.answered(answered)
    desk.refusals.gone(desk.series[gone])
    desk.now_ms += HOUR
    assert desk.looks(COUNT) == others


def test_it_says_why_a_pair_is_not_asked_for(desk: Desk) -> None:
    first, gone, *_ = desk.series
    desk.refusals.gone(desk.series[gone])
    assert desk.refusals.why(first) is REFUSED
    why = desk.refusals.why(gone)
    assert isinstance(why, PerseusError)
    assert str(why) == f"The exchange does not list {gone.symbol} any more."
    desk.refusals.forgive(desk.series[first])
    assert desk.refusals.why(first) is None


def test_a_store_that_is_away_is_no_matter_of_a_pair_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    desk, away = Desk(), StoreUnavailable("127.0.0.1:6379", "it is silent")
    for _ in range(2):
        caplog.clear()
        assert all(desk.refusals.failed(series, away) for series in desk.series.values())
        assert caplog.messages == [f"Candles cannot be asked for: {away}"]
        desk.refusals.answered(next(iter(desk.series)))
        assert caplog.messages[1:] == ["Candles are asked for again."]
    assert desk.said == []
    assert not any(series.is_refused for series in desk.series.values())

"""What is told of pairs that cannot be fetched: one entry for one reason, and one line when they come after all."""

from __future__ import annotations

import pytest

from perseus.ingest.engine.failing import Failing
from perseus.ingest.engine.series import Series
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe

NOW_MS = 1_790_000_000_000
COUNT = 12
SLOW = "coinbase gave no usable answer to /products/{}/candles, asked once: No answer within {} s."


class Desk:
    """Of COUNT pairs, each of a symbol of its own; looked at every five seconds as long as time passes."""

    def __init__(self) -> None:
        frame = Timeframe.parse("1h")
        self.pairs = [Pair(f"S{number}-USD", frame) for number in range(COUNT)]
        self.series = {pair: Series(pair, 60, is_streamed=True, is_close_told=True) for pair in self.pairs}
        self.said: list[str] = []
        self.failing = Failing(self.series, self.said.append)
        self.now = 1_000.0
        self.failing.look(self.now, NOW_MS)

    def fail(self, *numbers: int, seconds: int = 10) -> None:
        for number in numbers:
            pair = self.pairs[number]
            self.failing.failed(pair, SLOW.format(pair.symbol, seconds))

    def come(self, *numbers: int) -> None:
        for number in numbers:
            one = self.series[self.pairs[number]]
            one.coverage = one.coverage.verify(*one.window(NOW_MS))
            self.failing.came(one.pair)

    def pass_time(self, seconds: int) -> list[str]:
        """What is said meanwhile."""
        self.said.clear()
        for _ in range(seconds // 5):
            self.now += 5
            self.failing.look(self.now, NOW_MS)
        return self.said


def test_pairs_that_fail_for_one_reason_are_one_entry_with_the_first_and_why() -> None:
    desk = Desk()
    desk.fail(0, 1, 2)
    assert desk.pass_time(10) == []
    desk.fail(*range(3, COUNT), seconds=30)
    assert desk.pass_time(15) == [
        "S0-USD 1h: coinbase gave no usable answer to /products/S0-USD/candles, asked once: No answer within 10 s. "
        "The same of 11 pairs more: S1-USD 1h, S2-USD 1h, S3-USD 1h, S4-USD 1h, S5-USD 1h and 6 more."
    ]


def test_another_reason_is_another_entry() -> None:
    desk = Desk()
    desk.fail(0)
    desk.failing.failed(desk.pairs[1], "HTTP 500: it is broken")
    assert [line.partition(":")[0] for line in desk.pass_time(30)] == ["S0-USD 1h", "S1-USD 1h"]


def test_one_that_goes_on_to_fail_is_told_again_after_an_hour_and_others_after_a_minute() -> None:
    desk = Desk()
    desk.fail(0)
    assert len(desk.pass_time(20)) == 1
    desk.fail(0, 1)
    assert desk.pass_time(55) == []
    (said,) = desk.pass_time(10)
    assert said.startswith("S1-USD 1h: ")
    desk.pass_time(3_600)
    desk.fail(0)
    assert len(desk.pass_time(30)) == 1


def test_what_comes_at_once_is_told_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.fail(0)
    desk.pass_time(5)
    desk.come(0)
    assert desk.pass_time(120) == []
    assert caplog.messages == []


def test_those_that_came_after_all_are_one_line_once_they_are_complete(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.fail(*range(COUNT))
    desk.pass_time(30)
    desk.failing.came(desk.pairs[0])
    desk.pass_time(60)
    assert caplog.messages == []
    desk.come(0, 1)
    desk.pass_time(10)
    desk.come(*range(2, 11))
    assert caplog.messages == []
    assert desk.pass_time(30) == []
    assert caplog.messages == [
        "11 pairs that failed are complete again: S0-USD 1h, S1-USD 1h, S2-USD 1h, S3-USD 1h, S4-USD 1h and 6 more."
    ]
    caplog.clear()
    desk.come(11)
    desk.pass_time(30)
    assert caplog.messages == ["1 pair that failed is complete again: S11-USD 1h."]
    desk.fail(0)
    assert len(desk.pass_time(90)) == 1

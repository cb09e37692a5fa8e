"""The scan: which pairs are sufficient, and why the others are not. Pure."""

from __future__ import annotations

import pytest

from perseus.market.candle import Pair
from perseus.market.coverage import Coverage
from perseus.market.timeframes import Timeframe
from perseus.warmup.scan import SUFFICIENT, Known, Need, judged, scan

MINUTE = 60_000
END = 1_000_000 * MINUTE
START = END - SUFFICIENT * MINUTE
BTC = Pair("BTC", Timeframe.parse("1m"))


def need(coverage: Coverage) -> Need | None:
    return judged(Known(BTC, coverage, (START, END)))


def test_sixty_sure_candles_up_to_the_newest_are_sufficient_and_fifty_nine_are_not() -> None:
    assert need(Coverage().verify(START, END)) is None
    assert need(Coverage().verify(START + MINUTE, END)) == Need(BTC, 59, 60, "short")


def test_what_is_known_beyond_the_newest_candle_changes_nothing() -> None:
    assert need(Coverage().verify(START, END + 5 * MINUTE)) is None
    assert need(Coverage().verify(END, END + MINUTE)) == Need(BTC, 0, 60, "behind")


def test_a_pair_of_which_nothing_is_known_is_empty_and_one_without_its_newest_is_behind() -> None:
    assert need(Coverage()) == Need(BTC, 0, 60, "empty")
    assert need(Coverage().verify(START - 500 * MINUTE, END - MINUTE)) == Need(BTC, 0, 60, "behind")


def test_only_what_reaches_the_newest_without_a_gap_counts() -> None:
    gap = Coverage().verify(START, END - 10 * MINUTE).verify(END - 9 * MINUTE, END)
    assert need(gap) == Need(BTC, 9, 60, "short")


def test_what_the_source_lacks_counts_as_sure() -> None:
    halted = Coverage().verify(START, START + MINUTE).absent(START + MINUTE, END - MINUTE, "asked").verify(END - 1, END)
    assert need(halted) is not None
    assert need(halted.verify(END - MINUTE, END)) is None


def test_a_young_symbol_is_sufficient_with_all_that_there_is_of_it() -> None:
    assert need(Coverage().absent(START - MINUTE, END - 3 * MINUTE, "asked").verify(END - 3 * MINUTE, END)) is None


@pytest.mark.parametrize("lacking", [0, 1, SUFFICIENT // 2, SUFFICIENT - 1])
def test_one_unsure_candle_anywhere_is_noticed(lacking: int) -> None:
    at = START + lacking * MINUTE
    found = need(Coverage().verify(START, END).doubt(at, at + MINUTE))
    assert found is not None
    assert found.verified == SUFFICIENT - 1 - lacking


def test_the_longest_timeframe_comes_first_and_symbols_as_they_were_named() -> None:
    pairs = [Pair(symbol, Timeframe.parse(name)) for name in ("1m", "1d", "1h") for symbol in ("Z", "A")]
    found = scan(Known(pair, Coverage(), (0, pair.timeframe.close_of(0))) for pair in pairs)
    assert [str(one.pair.timeframe) for one in found] == ["1d", "1d", "1h", "1h", "1m", "1m"]
    assert [one.pair.symbol for one in found] == ["Z", "A"] * 3
    assert {one.target for one in found} == {1}

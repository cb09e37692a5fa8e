"""Ranks and grades come from what tickers tell, and from nothing else."""

from __future__ import annotations

import pytest

from perseus.market import liquidity
from perseus.market.liquidity import rated
from perseus.market.ticker import Ticker


def ticker(symbol: str, volume: str | None = "100", bid: str | None = "10", ask: str | None = "10") -> Ticker:
    return Ticker(symbol, "10", None, None, None, None, volume, bid, ask, 1_795_269_802_000)


def test_the_largest_volume_without_a_spread_is_one() -> None:
    found = rated([ticker("BTC-USDT", "1000"), ticker("ETH-USDT", "10", "9.9", "10.1")])
    assert (found["BTC-USDT"].rank, found["BTC-USDT"].score, found["BTC-USDT"].grade) == (1, 1.0, "A")
    second = found["ETH-USDT"]
    assert second.rank == 2
    assert second.signals.volume == 100
    assert second.signals.spread == pytest.approx(0.02)
    # log1p(100) / log1p(10,000) = 0.501 by 0.30, and 1 - 0.02 / 0.05 = 0.6 by 0.25, over 0.55.
    assert (second.score, second.grade) == (0.546, "B")


def test_a_signal_that_is_missing_leaves_its_weight_to_the_other() -> None:
    found = rated([ticker("A-USD", "1000", None, None), ticker("B-USD", None, "9.9", "10.1")])
    assert found["A-USD"].score == 1.0
    assert found["B-USD"].score == 0.6


def test_of_what_nothing_is_known_there_is_no_score() -> None:
    assert rated([ticker("A-USD", None, None, None)]) == {}
    assert rated([]) == {}


def test_volumes_are_compared_within_a_quote_currency_and_dollars_are_one() -> None:
    found = rated([ticker("A-USDT", "1000"), ticker("B-USD", "10"), ticker("C-BTC", "0.5")])
    assert found["C-BTC"].score == 1.0
    assert found["B-USD"].score < found["A-USDT"].score == 1.0


@pytest.mark.parametrize(("bid", "ask"), [("11", "9"), ("0", "10"), ("10", "0")])
def test_a_spread_that_cannot_be_is_none(bid: str, ask: str) -> None:
    assert liquidity.signals(ticker("A-USD", bid=bid, ask=ask)).spread is None


def test_a_market_in_which_nothing_is_traded_is_at_the_end() -> None:
    found = rated([ticker("A-USD", "0", "9", "11")])
    assert (found["A-USD"].score, found["A-USD"].grade) == (0.0, "F")


@pytest.mark.parametrize(
    ("score", "letter"),
    [(1, "A"), (0.6, "A"), (0.599, "B"), (0.4, "B"), (0.399, "C"), (0.2, "C"), (0.199, "D"), (0.05, "D"), (0.049, "F")],
)
def test_the_letters_have_their_bounds(score: float, letter: str) -> None:
    assert liquidity.grade(score) == letter


def test_equal_scores_are_in_the_order_of_their_names() -> None:
    found = rated([ticker(f"{name}-USD") for name in "CAB"])
    assert [symbol for symbol, _ in sorted(found.items(), key=lambda one: one[1].rank)] == ["A-USD", "B-USD", "C-USD"]


@pytest.mark.parametrize(
    ("symbol", "quote"),
    [
        ("BTC-USD", "USD"),
        ("BTCUSDT", "USDT"),
        ("BTCFDUSD", "FDUSD"),
        ("ETHBTC", "BTC"),
        ("BTC", None),
        ("ABCXYZ", None),
    ],
)
def test_the_quote_currency_is_read_from_the_name(symbol: str, quote: str | None) -> None:
    assert liquidity.quote_of(symbol) == quote


def test_what_the_exchange_says_of_a_quote_currency_counts_more_than_the_name() -> None:
    found = rated(
        [ticker("BTCUSDT", "1000"), ticker("ABCXYZ", "10"), ticker("NOBTC", "5")], {"ABCXYZ": "XYZ", "NOBTC": "TC"}
    )
    assert {symbol: one.score for symbol, one in found.items()} == {"BTCUSDT": 1.0, "ABCXYZ": 1.0, "NOBTC": 1.0}
    assert rated([ticker("BTCUSDT", "1000"), ticker("ETHUSDC", "10")])["ETHUSDC"].score < 1


def test_a_volume_in_nobody_knows_what_counts_as_not_known() -> None:
    assert rated([ticker("ABCXYZ", "10", None, None)]) == {}
    assert rated([ticker("ABCXYZ", "10", "9.9", "10.1")])["ABCXYZ"].signals.volume is None

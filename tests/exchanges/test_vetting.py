"""Each line of an import is answered, and nothing that the exchange does not list is taken."""

from __future__ import annotations

import pytest

from perseus.exchanges import vetting
from perseus.exchanges.symbols import Listing, Listings
from perseus.exchanges.vetting import Fate, TooManyLines


def listing(symbol: str, status: str = "trading", native: str = "TRADING") -> Listing:
    base, _, quote = symbol.partition("-")
    return Listing(symbol, base, quote, status, native)  # type: ignore[arg-type]


LISTINGS = Listings.of(
    (
        listing("BTC-USDT"),
        listing("BTC-EUR"),
        listing("ETH-USDT"),
        listing("ETHW-USDT"),
        listing("LUNA-USDT", "halted", "BREAK"),
        listing("OLD-USDT", "delisted", "END_OF_DAY"),
    )
)


def fates(text: str, watched: tuple[str, ...] = ()) -> list[tuple[str, Fate]]:
    return [(one.symbol or one.given, one.fate) for one in vetting.judged(vetting.lines(text), LISTINGS, watched)]


def test_each_line_has_its_answer() -> None:
    assert fates("BTC-USDT\nETH-USDT\nETH-USDT\nLUNA-USDT\nOLD-USDT\nNO-SUCH", ("BTC-USDT",)) == [
        ("BTC-USDT", Fate.WATCHED),
        ("ETH-USDT", Fate.ADDED),
        ("ETH-USDT", Fate.REPEATED),
        ("LUNA-USDT", Fate.HALTED),
        ("OLD-USDT", Fate.DELISTED),
        ("NO-SUCH", Fate.UNLISTED),
    ]


@pytest.mark.parametrize("given", ["btc-usdt", "BTC/USDT", "BTC_USDT", "BTCUSDT", "btcusdt", "BTC:USDT", '"BTC-USDT"'])
def test_a_symbol_is_known_however_it_is_written(given: str) -> None:
    assert fates(given) == [("BTC-USDT", Fate.ADDED)]


def test_lines_may_be_those_of_a_table_with_heading_and_comments() -> None:
    text = "\ufeffSymbol;Name\r\nBTC-USDT;Bitcoin\r\n# ours\r\n\r\nETH-USDT, LUNA-USDT # soon\r\nETHW-USDT\tforked"
    assert vetting.lines(text) == [(2, "BTC-USDT"), (5, "ETH-USDT"), (5, "LUNA-USDT"), (6, "ETHW-USDT")]


def test_the_state_that_the_exchange_gives_is_told_in_its_own_word() -> None:
    (halted,) = vetting.judged(vetting.lines("LUNA-USDT"), LISTINGS, ())
    assert (halted.fate, halted.native) == (Fate.HALTED, "BREAK")


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("BTC-USD", ("BTC-USDT", "BTC-EUR")),
        ("ETHH-USDT", ("ETH-USDT", "ETHW-USDT")),
        ("OLD-USD", ()),
        ("X" * 5000, ()),
    ],
)
def test_near_names_are_told_that_trade(given: str, near: tuple[str, ...]) -> None:
    (verdict,) = vetting.judged([(1, given)], LISTINGS, ())
    assert verdict.near == near


def test_near_names_are_looked_for_a_few_times_only() -> None:
    verdicts = vetting.judged([(number, "BTC-USD") for number in range(100)], LISTINGS, ())
    assert sum(bool(one.near) for one in verdicts) == vetting.NEAR_LOOKS


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(TooManyLines, match="it names 2,001 symbols"):
        vetting.lines("A-B\n" * 2001)


def test_a_search_finds_by_part_and_shows_first_what_trades() -> None:
    hits, count = vetting.found("usdt", LISTINGS, 3)
    assert [one.symbol for one in hits] == ["BTC-USDT", "ETH-USDT", "ETHW-USDT"]
    assert count == 5
    assert [one.symbol for one in vetting.found("eth", LISTINGS, 9)[0]] == ["ETH-USDT", "ETHW-USDT"]
    assert [one.symbol for one in vetting.found("btcusdt", LISTINGS, 9)[0]] == ["BTC-USDT"]
    assert vetting.found(" ", LISTINGS, 9) == ([], 0)


def test_an_exchange_that_writes_them_in_one_is_searched_and_answered_the_same() -> None:
    joined = Listings.of(Listing(one.base + one.quote, one.base, one.quote, one.status, one.native) for one in LISTINGS)
    for given in ("BTCUSDT", "btc-usdt", "BTC/USDT"):
        (verdict,) = vetting.judged([(1, given)], joined, ())
        assert (verdict.symbol, verdict.fate) == ("BTCUSDT", Fate.ADDED)
        assert [one.symbol for one in vetting.found(given, joined, 9)[0]] == ["BTCUSDT"]
    (near,) = vetting.judged([(1, "BTC-USD")], joined, ())
    assert near.near == ("BTCUSDT", "BTCEUR")
    (near,) = vetting.judged([(1, "BTCUSD")], joined, ())
    assert near.near[0] == "BTCUSDT"

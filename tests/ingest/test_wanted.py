"""What is wanted, held against what the exchange has."""

from __future__ import annotations

import pytest

from perseus.errors import EXIT_CONFIG
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.symbols import Listing, Listings, UnknownSymbol
from perseus.ingest.engine.wanted import TimeframeNotHad, Wanted
from perseus.market.timeframes import Timeframe

LISTINGS = Listings.of(
    (
        Listing("BTCUSDT", "BTC", "USDT", "trading", "TRADING"),
        Listing("ETHUSDT", "ETH", "USDT", "halted", "HALT"),
        Listing("OLDUSDT", "OLD", "USDT", "delisted", "DELISTED"),
        Listing("BTCUSDC", "BTC", "USDC", "trading", "TRADING", alias_of="BTCUSDT"),
    )
)


def listed(*symbols: str, timeframes: tuple[str, ...] = ("1m", "1h"), exchange: str = "binance") -> Wanted:
    return Wanted(symbols, tuple(map(Timeframe.parse, timeframes))).listed(dialect_of(exchange), LISTINGS)


def test_without_names_all_that_trades_is_wanted_and_nothing_twice() -> None:
    assert listed().symbols == ("BTCUSDT",)


def test_what_is_delisted_is_left_out_and_named_and_what_is_halted_is_named() -> None:
    wanted = listed("BTCUSDT", "ETHUSDT", "OLDUSDT")
    assert wanted.symbols == ("BTCUSDT", "ETHUSDT")
    assert wanted.troubles == ("ETHUSDT is halted (HALT)", "OLDUSDT is delisted (DELISTED)")


def test_a_symbol_that_nobody_lists_is_left_out_and_named_and_the_others_go_on() -> None:
    wanted = listed("BTCUSDT", "NOUSDT")
    assert wanted.symbols == ("BTCUSDT",)
    assert wanted.troubles == ("NOUSDT is not listed: mend its name, or take it out of the symbols",)


@pytest.mark.parametrize("symbols", [("NOUSDT",), ("NOUSDT", "OLDUSDT"), ("OLDUSDT",)])
def test_where_none_is_listed_that_is_an_error_for_a_person_that_names_them(symbols: tuple[str, ...]) -> None:
    with pytest.raises(UnknownSymbol, match=symbols[0]) as caught:
        listed(*symbols)
    assert caught.value.exit_code == EXIT_CONFIG


def test_a_timeframe_that_the_exchange_does_not_give_is_an_error_and_never_built() -> None:
    with pytest.raises(TimeframeNotHad, match="3m"):
        listed("BTCUSDT", timeframes=("3m",), exchange="coinbase")


def test_the_longest_timeframe_comes_first() -> None:
    assert [pair.timeframe.name for pair in listed("BTCUSDT", timeframes=("1m", "1d", "1h")).pairs] == [
        "1d",
        "1h",
        "1m",
    ]

"""Prices that move while no candles come say that those stay away, also where few came before."""

from __future__ import annotations

import pytest

from perseus.exchanges.dialect import Subscription
from perseus.exchanges.events import Subject
from perseus.exchanges.streams.moves import ENOUGH, LATE_AFTER
from perseus.exchanges.streams.pulse import STILL_AFTER, Pulse
from perseus.exchanges.streams.watchdog import Watchdog
from tests.streams.staged import pair

BTC = pair("BTCUSDT 1m")


def dog_of(*subjects: Subject, began: float = 0.0) -> Watchdog:
    one = Watchdog(first=120.0, is_ticker_proof=False, candles=Pulse(spoke=began))
    one.add([Subscription(str(subject), subject) for subject in subjects], began)
    return one


def move(dog: Watchdog, *times: float, symbol: str = "BTCUSDT") -> None:
    """A price that is another each time."""
    for at in times:
        dog.heard(symbol, at, f"{at}")


def test_few_candles_and_prices_that_go_on_to_move_are_an_absence_after_two_minutes() -> None:
    dog = dog_of(BTC, "BTCUSDT")
    dog.heard(BTC, 1.0)
    move(dog, *range(2, 200))
    assert not dog.lacks_candles(LATE_AFTER)
    assert dog.lacks_candles(LATE_AFTER + 1)
    dog.heard(BTC, 200.0)
    assert not dog.lacks_candles(201.0)


def test_where_none_ever_came_it_counts_from_the_beginning() -> None:
    dog = dog_of(BTC, "BTCUSDT", began=500.0)
    move(dog, *range(501, 700))
    assert not dog.lacks_candles(500 + LATE_AFTER - 1)
    assert dog.lacks_candles(500 + LATE_AFTER)


@pytest.mark.parametrize(
    ("times", "lacks"), [((130, 131, 132, 133), False), ((130, 131, 132, 130 + STILL_AFTER), True)]
)
def test_a_burst_whose_candle_may_be_under_way_is_none(times: tuple[float, ...], lacks: bool) -> None:
    dog = dog_of(BTC, "BTCUSDT")
    dog.heard(BTC, 1.0)
    move(dog, 2, *times)
    dog.heard(BTC, 3.0)
    move(dog, *times)
    assert dog.lacks_candles(300.0) is lacks


def test_a_price_that_stands_still_or_moves_seldom_is_none() -> None:
    dog = dog_of(BTC, "BTCUSDT")
    dog.heard(BTC, 1.0)
    for at in range(2, 600):
        dog.heard("BTCUSDT", float(at), "7")
    move(dog, *(600 + 100 * number for number in range(1, ENOUGH)))
    assert not dog.lacks_candles(1_000.0)


def test_another_symbol_that_trades_is_enough_where_its_candles_come_here_too() -> None:
    for others, lacks in (((pair("ETHUSDT 1m"), "ETHUSDT"), True), (("ETHUSDT",), False)):
        dog = dog_of(BTC, "BTCUSDT", *others)
        dog.heard(BTC, 1.0)
        move(dog, *range(2, 200), symbol="ETHUSDT")
        assert dog.lacks_candles(200.0) is lacks


def test_what_this_process_did_not_hear_is_no_absence() -> None:
    dog = dog_of(BTC, "BTCUSDT")
    dog.heard(BTC, 1.0)
    move(dog, 2, 3, 4)
    dog.excuse(300.0)
    move(dog, 305, 306)
    assert not dog.lacks_candles(310.0)
    assert not dog.lacks_candles(1 + LATE_AFTER + 300)

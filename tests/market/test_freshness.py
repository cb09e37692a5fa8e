"""How old the newest finished candle of each pair is, as far as the store bears it out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.market import freshness
from perseus.market.candle import Pair
from perseus.market.coverage import Coverage
from perseus.market.freshness import Freshness
from perseus.market.timeframes import Timeframe
from perseus.store import Client, connect, now_ms

EXCHANGE = 7
M1, H1, MONTH = map(Timeframe.parse, ("1m", "1h", "1M"))


@pytest.fixture
def client(store: str) -> Iterator[Client]:
    with connect(store, timeout=2, name="test") as client:
        yield client


def put(client: Client, pair: Pair, coverage: Coverage, *opens: int) -> None:
    """What a coverage says, and candles that open then."""
    names = (EXCHANGE, pair.symbol, pair.timeframe.name)
    client.hset(keys.candles_meta(*names), "coverage", coverage.to_json())
    for open_ms in opens:
        client.zadd(keys.candles(*names), {f"{open_ms}": open_ms})


def read(client: Client, *pairs: Pair) -> Freshness:
    symbols = tuple(dict.fromkeys(pair.symbol for pair in pairs))
    return freshness.read(client, EXCHANGE, symbols, sorted({pair.timeframe for pair in pairs}))


def at(client: Client, timeframe: Timeframe, back: int) -> int:
    """When the candle opened that was finished so many candles before the newest one."""
    return timeframe.shift(timeframe.open_of(now_ms(client, keys.status(EXCHANGE))), -1 - back)


@pytest.mark.parametrize("timeframe", [M1, H1, MONTH])
@pytest.mark.parametrize("back", [0, 1, 4])
def test_the_age_is_in_intervals_since_the_newest_finished_candle_ended(
    client: Client, timeframe: Timeframe, back: int
) -> None:
    pair = Pair("BTC-USD", timeframe)
    open_ms = at(client, timeframe, back)
    put(client, pair, Coverage().verify(timeframe.shift(open_ms, -3), timeframe.close_of(open_ms)), open_ms)
    age = read(client, pair).age("BTC-USD", timeframe)
    assert age is not None
    assert back - 0.2 <= age <= back + 1.2


def test_a_candle_that_the_store_has_no_more_counts_for_nothing(client: Client) -> None:
    pair = Pair("BTC-USD", M1)
    open_ms = at(client, M1, 0)
    put(client, pair, Coverage().verify(open_ms, open_ms + M1.close_of(open_ms) - open_ms))
    assert read(client, pair).age("BTC-USD", M1) is None


def test_a_symbol_that_nobody_trades_is_not_behind(client: Client) -> None:
    pair = Pair("QUIET-USD", M1)
    open_ms, newest = at(client, M1, 30), at(client, M1, 0)
    known = Coverage().verify(open_ms, M1.close_of(open_ms)).absent(M1.close_of(open_ms), M1.close_of(newest), "asked")
    put(client, pair, known, open_ms)
    age = read(client, pair).age("QUIET-USD", M1)
    assert age is not None
    assert age < 1.5


@pytest.mark.parametrize("junk", ["", "{", "[[1,2]]", "[[0,60000],[1,2]]", '[["a",1]]'])
def test_junk_hides_its_own_pair_alone(client: Client, junk: str) -> None:
    good, bad = Pair("GOOD-USD", M1), Pair("BAD-USD", M1)
    open_ms = at(client, M1, 0)
    put(client, good, Coverage().verify(open_ms, M1.close_of(open_ms)), open_ms)
    client.hset(keys.candles_meta(EXCHANGE, "BAD-USD", "1m"), "coverage", junk)
    found = read(client, good, bad)
    assert found.age("BAD-USD", M1) is None
    assert found.age("GOOD-USD", M1) is not None


def test_keys_of_another_type_hide_their_own_pair_alone(client: Client) -> None:
    pair = Pair("BTC-USD", M1)
    open_ms = at(client, M1, 0)
    put(client, pair, Coverage().verify(open_ms, M1.close_of(open_ms)))
    client.set(keys.candles(EXCHANGE, "BTC-USD", "1m"), "x")
    client.set(keys.ticker(EXCHANGE, "BTC-USD"), "x")
    client.set(keys.candles_meta(EXCHANGE, "ETH-USD", "1m"), "x")
    found = read(client, pair, Pair("ETH-USD", M1))
    assert found.ended_ms == {}
    assert found.liquidity == {}


def test_of_nothing_nothing_is_known(client: Client) -> None:
    assert freshness.read(client, EXCHANGE, (), ()).ended_ms == {}

"""Scenarios from files, scenarios drawn by a seed, trades from a tape, and the verdict on a client."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from perseus.simulator import scenario
from perseus.simulator.clock import VirtualClock
from perseus.simulator.drawn import drawn, possible
from perseus.simulator.exchange import Exchange
from perseus.simulator.faults.catalogue import CATALOGUE
from perseus.simulator.faults.fault import ScenarioError
from perseus.simulator.market.bar import text
from perseus.simulator.verdict import differences
from tests.simulator.conftest import START_MS, Bench

MINUTE = 60_000
FLOOR = START_MS - START_MS % MINUTE


def test_a_file_says_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    told = {"seed": "s", "speed": 20, "symbols": ["LTC"], "rules": {"binance_us": {"ping_ms": 20_000}}}
    file.write_text(json.dumps({**told, "faults": [{"name": "reset", "exchange": "coinbase"}]}))
    found = scenario.read(file)
    world = found.world(VirtualClock(lambda: 0.0, START_MS, found.speed))
    assert [market.symbol for market in world.exchanges["binance"].listed()] == ["LTCUSDT"]
    assert world.exchanges["binance_us"].rules.ping_ms == 20_000
    assert world.exchanges["binance"].faults.all() == []
    assert [fault.name for fault in world.exchanges["coinbase"].faults.all()] == ["reset"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ('{"sed": 1}', "no sed"),
        ('{"speed": 0}', "speed is 0"),
        ('{"pace": "fast"}', "pace is 'fast'"),
        ('{"start": "soon"}', "is no scenario"),
        ('{"sequence_scope": "moon"}', "sequence_scope is 'moon'"),
        ('{"rules": {"binance": {"weights": 1}}}', "weights = 1 is no rule"),
        ('{"faults": [{"name": "x"}]}', "No fault is called 'x'"),
        ("{", "is no scenario"),
        ("[]", "A scenario is a table"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_name(tmp_path: Path, told: str, words: str) -> None:
    file = tmp_path / "odd.json"
    file.write_text(told)
    with pytest.raises(ScenarioError, match=words) as caught:
        scenario.read(file)
    assert str(file) in str(caught.value)


def test_a_pace_of_ten_makes_ten_times_the_trades() -> None:
    def trades(pace: float) -> int:
        seconds = [0.0]
        world = scenario.of({"pace": pace}).world(VirtualClock(lambda: seconds[0], FLOOR))
        seconds[0] = 600
        world.sync()
        return sum(bar.trades for bar in world.exchanges["binance"].truth.bars("BTCUSDT", "1m", FLOOR, None, 99))

    assert 8 < trades(10) / trades(1) < 12


def test_an_unknown_exchange_is_refused() -> None:
    wanted = scenario.of({"faults": [{"name": "reset", "exchange": "kraken"}]})
    with pytest.raises(ScenarioError, match="kraken"):
        wanted.world(VirtualClock(lambda: 0.0, START_MS))


@pytest.mark.parametrize("exchange", ["binance", "binance_us", "coinbase"])
def test_a_thousand_seeds_draw_scenarios_that_can_run_end_and_come_again(exchange: str) -> None:
    names = set()
    for seed in range(1_000):
        one = drawn(seed, exchange)
        assert one == drawn(seed, exchange)
        assert all(fault.until_ms == 2_400_000 and fault.after_ms < 2_400_000 for fault in one.faults)
        names |= {fault.name for fault in one.faults}
    assert names == set(possible(exchange)) <= set(CATALOGUE)
    one.world(VirtualClock(lambda: 0.0, one.start_ms or 0))


def test_trades_come_from_a_tape_where_there_is_one(tmp_path: Path) -> None:
    tape = tmp_path / "btc.csv"
    rows = ["1,10,12,9,11,4", f"{1 + MINUTE},11,11,11,11,0", f"{1 + 2 * MINUTE},11,13,11,12.5,0.00000007"]
    tape.write_text("open_time_ms,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    seconds = [0.0]
    wanted = scenario.of({"tapes": {"BTC": tape.name}, "symbols": ["BTC"]}, tmp_path)
    world = wanted.world(VirtualClock(lambda: seconds[0], FLOOR))
    seconds[0] = 300
    world.sync()
    found = world.exchanges["coinbase"].truth.bars("BTC-USD", "1m", FLOOR, None, 10)
    assert [bar.open_ms - FLOOR for bar in found] == [0, 2 * MINUTE]
    assert [text(units) for units in (found[0].open, found[0].high, found[0].low, found[0].close)] == [
        "10.00000000",
        "12.00000000",
        "9.00000000",
        "11.00000000",
    ]
    assert found[0].volume == 4 * 10**8


@dataclass(frozen=True)
class Has:
    open_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None
    trades: int | None
    is_closed: bool


def has(exchange: Exchange) -> list[Has]:
    found = []
    for known in exchange.truth.known("BTCUSDT", "1m", FLOOR, FLOOR + 10 * MINUTE):
        bar = known.bar
        prices = [text(units) for units in (bar.open, bar.high, bar.low, bar.close)]
        found.append(Has(bar.open_ms, *prices, text(bar.volume) + "000", None, bar.trades, known.is_closed))
    return found


def test_the_verdict_names_what_is_missing_different_open_or_invented(bench: Bench) -> None:
    bench.wait(300)
    exchange = bench.exchange()

    def wrong(candles: list[Has]) -> list[str]:
        return differences(exchange, "BTCUSDT", "1m", candles, FLOOR, FLOOR + 10 * MINUTE)

    right = has(exchange)
    assert wrong(right) == wrong(right[:-1]) == []
    assert "is missing" in wrong(right[1:])[0]
    assert "has close 1," in wrong([replace(right[0], close="1"), *right[1:]])[0]
    assert "has close NaN," in wrong([replace(right[0], close="NaN"), *right[1:]])[0]
    assert "trades, not" in wrong([replace(right[0], trades=1_000_000), *right[1:]])[0]
    assert "is not closed" in wrong([replace(right[0], is_closed=False), *right[1:]])[0]
    assert "closed while it runs" in wrong([*right[:-1], replace(right[-1], is_closed=True)])[0]
    assert "never was" in wrong([*right, replace(right[0], open_ms=FLOOR + 9 * MINUTE)])[0]

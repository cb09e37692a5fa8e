"""What makes a simulated world another one: whatever decides on its candles, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.scenario import Scenario
from perseus.simulator.world import World
from tests.simulator.conftest import START_MS

MINUTE = 60_000
LATER_MS = 7 * MINUTE


def world(scenario: Scenario, start_ms: int = START_MS, speed: float = 1.0) -> World:
    return scenario.world(VirtualClock(lambda: 100.0, start_ms, speed))


def bars(one: World, until_ms: int) -> list[object]:
    one.timers.advance(until_ms)
    truth = one.exchanges["binance"].truth
    return [(bar.open_ms, bar.close, bar.volume) for bar in truth.bars("BTCUSDT", "1m", START_MS, None, 100)]


def test_worlds_of_one_seed_and_start_are_one_and_have_the_same_candles() -> None:
    one = world(Scenario(seed="s"))
    for other in (
        world(Scenario(seed="s", speed=8), speed=8),
        world(Scenario(seed="s", symbols=("BTC",))),
        world(Scenario(seed="s"), START_MS - START_MS % MINUTE),
    ):
        assert other.name == one.name
        assert bars(other, START_MS + LATER_MS) == bars(one, START_MS + LATER_MS)


@pytest.mark.parametrize(
    "other",
    [
        Scenario(seed="t"),
        Scenario(seed="s", pace=2),
        Scenario(seed="s", faults=[Fault("market_halt", "binance", after_ms=60_000)]),
    ],
)
def test_another_seed_pace_or_fault_is_another_world(other: Scenario) -> None:
    one = world(Scenario(seed="s"))
    assert world(other).name != one.name
    assert bars(world(other), START_MS + LATER_MS) != bars(one, START_MS + LATER_MS)


def test_another_start_is_another_world() -> None:
    one, other = world(Scenario(seed="s")), world(Scenario(seed="s"), START_MS - 3 * MINUTE)
    assert other.name != one.name
    assert bars(other, START_MS + LATER_MS) != bars(one, START_MS + LATER_MS)


def test_other_trades_of_a_tape_are_another_world(tmp_path: Path) -> None:
    file, names = tmp_path / "tape.csv", set()
    for price in ("10", "11"):
        file.write_text(f"open_time_ms,open,high,low,close,volume\n0,{price},{price},{price},{price},1\n")
        names.add(world(Scenario(seed="s", tapes={"BTC": file})).name)
    assert len(names) == 2

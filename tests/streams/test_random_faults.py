"""Several faults at once, drawn by a seed: the same promises hold. More seeds: PERSEUS_STREAM_SEEDS=1000."""

from __future__ import annotations

import os
import random

import pytest

from perseus.simulator.faults.fault import Fault
from tests.simulated.virtual_loop import run
from tests.streams.staged import pairs
from tests.streams.test_simulated import FAULTS, Run, lived, missing

SEEDS = int(os.environ.get("PERSEUS_STREAM_SEEDS", "12"))
WANTED = ("BTCUSDT 1m", "BTCUSDT 5m", "ETHUSDT 1m")
LEFT_OUT = {"nothing", "ack_dead"}


def drawn(dice: random.Random, exchange: str) -> list[Fault]:
    """Two to five of them, with times of their own."""
    found = []
    for name in dice.sample(sorted(FAULTS.keys() - LEFT_OUT), k=dice.randint(2, 5)):
        given = dict(FAULTS[name])
        params = dict(given.pop("params", {}))
        if "after_ms" in given:
            given["after_ms"] = dice.randint(20_000, 600_000)
        if "every_ms" in params:
            params["every_ms"] = dice.randint(20_000, 300_000)
        if name == "server_shutdown":
            params["after_s"] = dice.choice([0, 5, 15, 60])
        found.append(Fault(name, exchange=exchange, params=params, **given))
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_several_faults_at_once_break_no_rule_and_hide_no_loss(seed: int) -> None:
    dice = random.Random(seed)
    exchange = dice.choice(["binance", "binance_us"])
    faults = drawn(dice, exchange)

    async def main() -> Run:
        return await lived(exchange, WANTED, 2400, *faults)

    ended = run(main)
    told = f"{exchange}: {', '.join(fault.name for fault in faults)}"
    assert ended.world.broken() == {}, told
    for pair in pairs(*WANTED):
        assert missing(ended, exchange, pair) == [], f"{pair} at {told}"

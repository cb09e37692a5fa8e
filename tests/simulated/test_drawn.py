"""Scenarios drawn by seeds: a few here, a thousand in `make scenarios`."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus.simulator.scenario import read
from tests.simulated.thousand import as_file, failed, tried
from tests.simulated.trial import Trial

SEEDS = (2, 7, 44, 113, 200, 301, 402, 503, 604, 705, 806, 907)
"""The first four of them found something, once."""


@pytest.mark.parametrize("seed", SEEDS)
def test_after_what_a_seed_draws_the_cache_is_what_the_exchange_has(seed: int) -> None:
    _, wrong = tried(seed)
    assert not wrong, failed(seed, wrong)


def test_a_seed_draws_the_same_each_time() -> None:
    assert Trial.drawn(5) == Trial.drawn(5) != Trial.drawn(6)


def test_a_failure_leaves_its_scenario_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "5.json"
    file.write_bytes(as_file(Trial.drawn(5).scenario))
    assert read(file) == Trial.drawn(5).scenario

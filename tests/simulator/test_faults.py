"""Faults: named, aimed, counted, and the same again."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus.simulator.faults.catalogue import CATALOGUE
from perseus.simulator.faults.fault import Fault, ScenarioError, fault_of
from tests.simulator.conftest import Bench
from tests.simulator.looking import klines


def test_the_same_seed_strikes_at_the_same_occasions() -> None:
    def run() -> list[int]:
        bench = Bench((Fault("http_5xx", probability=0.3),))
        return [klines(bench).status for _ in range(60)]

    first = run()
    assert first == run()
    assert 5 < first.count(502) < 35


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "nope"}, "No fault is called 'nope'"),
        ({"name": "reset", "params": {"loud": 1}}, "reset has no loud"),
        ({"name": "reset", "often": 1}, "no fault has often"),
        ({"name": "reset", "probability": 3}, "not between 0 and 1"),
        ("reset", "a table with a name"),
    ],
)
def test_what_is_no_fault_is_refused_with_its_reason(entry: object, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        fault_of(entry)


def test_every_fault_of_the_catalogue_has_a_test_beside_this_one() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_faults_*.py"))
    assert [name for name in CATALOGUE if f'"{name}"' not in tests] == []

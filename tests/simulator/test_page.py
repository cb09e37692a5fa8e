"""docs/simulator.md tells of every fault, rule and control path, and its scenario can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from perseus.simulator import scenario
from perseus.simulator.counters import RULES
from perseus.simulator.faults.catalogue import CATALOGUE, Kind
from perseus.simulator.faults.fault import Fault

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "simulator.md").read_text("utf-8")


def row(name: str, kind: Kind) -> str:
    params = ", ".join(
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in kind.params.items()
    )
    return f"| `{name}` | {kind.says} | {kind.aim} | {params} |"


def test_every_fault_is_told_as_the_catalogue_has_it() -> None:
    assert [name for name, kind in CATALOGUE.items() if row(name, kind) not in PAGE] == []


def test_every_rule_is_told() -> None:
    assert [name for name, says in RULES.items() if f"| `{name}` | {says} |" not in PAGE] == []


def test_its_scenario_is_one(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    found = scenario.of(tomllib.loads(shown), tmp_path)
    assert found.faults[0] == Fault(
        "close_missing", "binance", "btcusdt@kline_*", 0.5, 3, after_ms=60_000, until_ms=600_000
    )
    assert found.tapes == {"BTC": tmp_path / "btc-1m.csv"}
    assert found.start_ms == 1_796_083_080_000

"""The staged failovers themselves, a few of each set-up; `make failovers` runs 200."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.failover.staged import ROOT, SETUPS


@pytest.mark.long
@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_a_failover_of_each_kind_violates_nothing(setup: object) -> None:
    name = getattr(setup, "name", "")
    command = [sys.executable, "-m", "tests.failover.staged", "--count", "5", "--setup", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Every guarantee held" in done.stdout

"""Sites for the tests of commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands.running import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "home")


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as `perseus init` leaves it where no store is named. Made once: a test copies it."""
    made = Site(tmp_path_factory.mktemp("made") / "home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PERSEUS_")]:
            patch.delenv(name)
        assert made.run("init").returncode == 0
    return made.home

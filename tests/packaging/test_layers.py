"""What each part may load, seen by running it: import-linter reads the source, this sees what really arrives."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("flask", "gunicorn", "sqlalchemy", "werkzeug")
LOADED = f"import sys; print(*(name for name in {HEAVY} if name in sys.modules))"


def loaded_by(statement: str) -> set[str]:
    return set(subprocess.check_output([sys.executable, "-c", f"{statement}\n{LOADED}"], text=True, timeout=60).split())


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import perseus", set()),
        ("from perseus import Instance, Exchange, State, LeaseLost", set()),
        ("import perseus.network.view.watcher, perseus.network.view.directory, perseus.network.instance", set()),
        ("import perseus.cli.main", set()),
        ("import perseus.commands.dispatch", {"sqlalchemy"}),
        ("import perseus.commands.ingest, perseus.plugins.registry", {"sqlalchemy"}),
        ("import perseus.commands.init, perseus.commands.up", {"sqlalchemy"}),
        ("import perseus.web", {"flask", "sqlalchemy", "werkzeug"}),
    ],
)
def test_a_part_loads_no_more_than_it_may(statement: str, allowed: set[str]) -> None:
    assert loaded_by(statement) <= allowed


def test_the_look_sees_what_is_loaded() -> None:
    assert loaded_by("import perseus.web") == {"flask", "sqlalchemy", "werkzeug"}

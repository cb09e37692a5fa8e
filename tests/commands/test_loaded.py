"""The start of a command: what it imports is never searched for garbage, and what it makes afterwards is."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import gc, sys, types
sys.argv = [{program!r}, "status"]
import perseus.cli.main
print(gc.isenabled())
from perseus.cli import running
def run(settings):
    print(gc.isenabled(), gc.get_freeze_count() > 10_000)
    return 0
sys.modules["perseus.commands.probe"] = types.SimpleNamespace(run=run)
running.run("probe")
"""


@pytest.mark.parametrize(
    ("program", "told"),
    [("/usr/bin/perseus", "False\nTrue True\n"), ("/usr/bin/other", "True\nTrue False\n")],
    ids=["our program", "another that imports ours"],
)
def test_garbage_is_looked_for_once_a_command_is_imported_and_not_among_what_it_imported(
    program: str, told: str
) -> None:
    code = START.format(program=program)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, told), ended.stderr

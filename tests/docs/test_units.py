"""The units for systemd that a site copies: each runs a command that there is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from perseus.cli import commands
from perseus.errors import EXIT_CONFIG
from tests.docs import pages

UNITS = sorted((pages.DOCS / "systemd").glob("*.service"))
PROGRAM = "/opt/perseus/bin/perseus"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_runs_a_command_with_options_that_it_has(unit: Path) -> None:
    (line,) = re.findall(r"^ExecStart=(.+)$", unit.read_text("utf-8"), re.MULTILINE)
    program, name, *arguments = shlex.split(line.replace("%i", "binance"))
    assert program == PROGRAM
    command = commands.commands[name]
    with click.Context(command, info_name=name) as context:
        command.make_parser(context).parse_args(arguments)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_is_not_started_again_over_a_setting_that_must_be_mended_first(unit: Path) -> None:
    text = unit.read_text("utf-8")
    assert f"RestartPreventExitStatus={EXIT_CONFIG}\n" in text
    assert re.search(r"^Restart=(always|on-failure)$", text, re.MULTILINE)


def test_each_is_named_where_it_is_operated() -> None:
    operate = pages.read("operate.md")
    assert UNITS
    for unit in UNITS:
        assert unit.name.removesuffix(".service") in operate, unit.name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on PATH")
def test_systemd_can_read_them(tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace(PROGRAM, "/bin/true"), "utf-8")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert done.stderr == ""

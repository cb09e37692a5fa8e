"""The units for systemd that a site copies: each runs a command that there is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from perseus.cli.main import commands
from perseus.errors import EXIT_CONFIG, EXIT_HELD, EXIT_LOST
from tests.docs import pages

UNITS = sorted((pages.DOCS / "systemd").glob("*.service"))
FOR_THE_PAGES = "/etc/perseus/web.env"
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


def test_what_was_stopped_on_the_page_is_not_begun_again() -> None:
    """A standby, or one that was promoted, ends with 0 then; a lease that was lost or is held ends it with another."""
    for name in ("perseus-standby@", "perseus-ingest@"):
        text = (pages.DOCS / "systemd" / f"{name}.service").read_text("utf-8")
        assert "\nRestart=on-failure\n" in text, name
        (prevented,) = re.findall(r"^RestartPreventExitStatus=(.+)$", text, re.MULTILINE)
        assert not {str(EXIT_HELD), str(EXIT_LOST)} & set(prevented.split()), name
        assert "SuccessExitStatus" not in text, name


def test_each_is_named_where_it_is_operated() -> None:
    operate = pages.read("operate.md")
    assert UNITS
    for unit in UNITS:
        assert unit.name.removesuffix(".service") in operate, unit.name


def test_the_home_stays_closed_to_others() -> None:
    for unit in UNITS:
        assert "\nStateDirectoryMode=0700\n" in unit.read_text("utf-8"), unit.name


def test_the_key_of_secrets_reaches_web_and_dispatch_alone() -> None:
    has = {unit.stem for unit in UNITS if f"\nEnvironmentFile={FOR_THE_PAGES}\n" in unit.read_text("utf-8")}
    assert has == {"perseus-web", "perseus-dispatch"}
    for_all, for_the_pages = _settings_files()
    assert "PERSEUS_SECRET_KEY" in for_the_pages
    assert "PERSEUS_SECRET_KEY" not in for_all


def test_a_shell_and_systemd_read_the_same_from_the_files_of_settings(tmp_path: Path) -> None:
    nasty = {"KEY": "a&b;c d", "PASSWORD": 'p$HOME`x`"#y', "=''": "='k(1)|<>*'"}
    for number, text in enumerate(_settings_files()):
        for placeholder, value in nasty.items():
            text = text.replace(placeholder, value) if placeholder == "=''" else _placed(text, placeholder, value)
        file = tmp_path / f"{number}.env"
        file.write_text(text, "utf-8")
        script = f"set -a; . {file}; env -0"
        shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/bin"})
        assert shell.stderr == ""
        read = dict(line.split("=", 1) for line in shell.stdout.split("\0") if line.startswith("PERSEUS_"))
        assert read == _by_systemd(text)


def _settings_files() -> list[str]:
    """That of each host, then that of the pages' host, as the guide has them."""
    step = pages.read("operate.md").partition("**4. ")[2].partition("**5. ")[0]
    files = pages.blocks(step, "sh")
    assert len(files) == 2
    return files


def _placed(text: str, placeholder: str, value: str) -> str:
    return re.sub(rf"(?<=:){placeholder}(?=@)", lambda _: value, text)


def _by_systemd(text: str) -> dict[str, str]:
    """What EnvironmentFile= gives: single quotes go, what they hold stays; without any the line is the value."""
    lines = [line.partition("=") for line in text.splitlines() if line and line[0] not in "#;"]
    return {
        name: value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value.rstrip()
        for name, _, value in lines
    }


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on PATH")
def test_systemd_can_read_them(tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace(PROGRAM, "/bin/true"), "utf-8")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert done.stderr == ""

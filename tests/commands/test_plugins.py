"""`perseus plugins`: every plugin with its state and reason, and the variables that configure it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perseus.commands import plugins
from perseus.settings import Settings
from tests.commands.running import Site

PAGER = """\
from perseus import Manifest, hookimpl
from pydantic import BaseModel, Field, SecretStr


class Config(BaseModel):
    token: SecretStr = Field(description="Key of the account.")
    tone: str = "loud"


@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2", config=Config, about="Pages people.")


@hookimpl
def perseus_notify(event):
    raise AssertionError("nobody is notified")


@hookimpl
def perseus_startup():
    raise AssertionError("nothing is started")
"""
TYPO = PAGER.replace("perseus_notify", "perseus_notfy")
BELL = PAGER.replace('    token: SecretStr = Field(description="Key of the account.")\n', "")
WEATHER = PAGER.replace("perseus_notify(event)", "perseus_configured(config)").replace("tone", "zone") + (
    "\n\n@hookimpl\ndef perseus_status_fields():\n    return {}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name, text in {
        "pager": PAGER,
        "typo": TYPO,
        "bell": BELL,
        "weather": WEATHER,
        "broken": "import x_y_z\n" + PAGER.partition("\n\n@hookimpl\ndef perseus_notify")[0],
    }.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def site(tmp_path: Path, folder: Path) -> Settings:
    return Settings(home=tmp_path, plugins_dir=folder)


def told(site: Settings, capsys: pytest.CaptureFixture[str], group: str | None = "perseus.notifiers") -> str:
    assert plugins.run(site, group, as_json=False, is_strict=False) == 0
    return capsys.readouterr().out


def test_each_plugin_has_a_line_with_its_state_and_what_configures_it(
    site: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(site, capsys)
    assert text.splitlines()[0].split() == ["NAME", "STATE", "VERSION", "GROUP", "ORIGIN"]
    pager = text[text.index("\npager ") :].splitlines()[1:]
    assert pager[0].split() == ["pager", "loaded", "-", "perseus.notifiers", str(site.plugins_dir) + "/pager.py"]
    assert pager[1:6] == [
        "    Pages people.",
        "    hooks: perseus_manifest, perseus_notify, perseus_startup",
        "    kind pager: Pages people.",
        "        PERSEUS_PLUGIN_PAGER_TOKEN (secret, required): Key of the account.",
        "        PERSEUS_PLUGIN_PAGER_TONE (text, default loud)",
    ]
    assert "PERSEUS_PLUGIN_BELL=on (makes a destination with nothing else set)" in text


def test_what_is_wrong_with_a_plugin_stands_under_its_line(site: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(site, capsys)
    assert "Invalid: line 16: perseus_notfy is not a hook. Did you mean perseus_notify?\n" in text
    assert "Failed: line 1: its import raised ModuleNotFoundError: No module named 'x_y_z'.\n" in text


def test_a_plugin_that_configures_itself_is_shown_with_its_variables(
    site: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(site, capsys, "perseus.ingest")
    assert "    configuration:\n        PERSEUS_PLUGIN_WEATHER_TOKEN (secret, required)" in text
    assert "\nregistry  " in text
    assert "pager" not in text


def test_one_that_fares_alike_in_all_groups_is_told_once(site: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(site, capsys, None)
    (line,) = [line for line in text.splitlines() if line.startswith("broken ")]
    assert "perseus.ingest, perseus.notifiers, perseus.ui" in line


def test_programs_get_the_same_as_json(site: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert plugins.run(site, None, as_json=True, is_strict=False) == 0
    seen = json.loads(capsys.readouterr().out)
    (pager,) = [each for each in seen if each["name"] == "pager"]
    assert (pager["state"], pager["group"], pager["api"]) == ("loaded", "perseus.notifiers", ">=1,<2")
    assert pager["kinds"][0]["variables"] == ["PERSEUS_PLUGIN_PAGER_TOKEN", "PERSEUS_PLUGIN_PAGER_TONE"]
    assert pager["kinds"][0]["schema"]["properties"]["token"]["format"] == "password"
    assert {each["group"] for each in seen} == {"perseus.ingest", "perseus.notifiers", "perseus.ui"}


def test_a_plugin_that_cannot_be_used_is_an_error_only_to_who_is_strict(
    site: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = site.model_copy(update={"strict_plugins": True})
    assert plugins.run(site, "perseus.notifiers", as_json=False, is_strict=True) == 1
    assert plugins.run(strict, "perseus.notifiers", as_json=False, is_strict=False) == 1
    assert plugins.run(site.model_copy(update={"safe_mode": True}), "perseus.ingest", False, True) == 0
    assert "typo" in capsys.readouterr().out


def test_the_command_shows_no_secret_that_is_set(folder: Path, tmp_path: Path) -> None:
    site = Site(tmp_path / "home", PERSEUS_PLUGINS_DIR=str(folder), PERSEUS_PLUGIN_PAGER_TOKEN="pl4nted-token")
    done = site.run("plugins", "--group", "notifiers")
    assert done.returncode == 0
    assert "PERSEUS_PLUGIN_PAGER_TOKEN" in done.stdout
    assert "pl4nted" not in done.stdout + done.stderr

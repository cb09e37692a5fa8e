"""`perseus new-plugin`: a folder that is whole, and refusals that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perseus.commands import lint_plugin, new_plugin
from perseus.kit.newplugin import KINDS, AlreadyThere, BadName, make


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_passes_its_own_tests_and_the_linter(kind: str, tmp_path: Path) -> None:
    make(kind, f"night_watch_{kind}", tmp_path)
    folder = tmp_path / f"night_watch_{kind}"
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=folder, env=environ, capture_output=True, text=True
    )
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "skipped" not in tests.stdout or kind == "notifier"
    assert lint_plugin.run(folder, load=True, as_json=False) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_placeholder_is_left_in_a_new_plugin(kind: str, tmp_path: Path) -> None:
    for path in make(kind, "pager", tmp_path):
        assert "$" not in path.read_text("utf-8"), path
        assert path.suffix != ".txt"


def test_the_command_names_each_file_and_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert new_plugin.run("notifier", "pager", Path(".")) == 0
    said = capsys.readouterr().out
    assert "  pager/perseus_pager/__init__.py\n" in said
    assert "Next: cd pager, then" in said


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("Pager", "Try pager."),
        ("pager-duty", "Try pager_duty."),
        ("2fast", "Try fast."),
        ("pager_", "Try pager."),
        ("", "Try pager."),
        ("../x", "Try x."),
        ("x" * 31, f"Try {'x' * 30}."),
        ("class", "Try class_plugin."),
        ("registry", "Try my_registry."),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(tmp_path: Path, name: str, mend: str) -> None:
    with pytest.raises(BadName, match=mend.replace(".", r"\.")):
        make("notifier", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "pager").mkdir()
    with pytest.raises(AlreadyThere, match="Choose another name, or --into another folder"):
        make("notifier", "pager", tmp_path)
    assert list((tmp_path / "pager").iterdir()) == []

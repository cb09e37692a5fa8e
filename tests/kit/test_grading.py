"""`pytest --perseus-grade`: written by a whole run, compared by `=check`, and left alone by half a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perseus.kit.newplugin import make


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("authors")
    make("notifier", "graded_pager", into)
    return into / "graded_pager"


def run_tests(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-m", "pytest", "-q", *options]
    return subprocess.run(run, cwd=folder, env=environ, capture_output=True, text=True, timeout=120)


def test_half_a_run_gives_no_grade(folder: Path) -> None:
    ended = run_tests(folder, "--perseus-grade", "-k", "loads or described")
    assert "perseus_graded_pager: not graded, for only 2 of 18 checks were run" in ended.stdout
    assert not list(folder.rglob("grade.json"))


def test_a_new_plugin_is_gold_and_the_check_of_its_grade_fails_once_the_source_has_changed(folder: Path) -> None:
    ended = run_tests(folder, "--perseus-grade")
    assert "perseus_graded_pager: gold\n" in ended.stdout
    source = folder / "perseus_graded_pager" / "__init__.py"
    source.write_text(source.read_text() + "\nX = 1\n")
    ended = run_tests(folder, "--perseus-grade=check")
    assert ended.returncode == 1
    assert "which is not what" in ended.stdout
    assert "run pytest --perseus-grade" in ended.stdout


def test_pytest_starts_without_loading_any_of_the_kit() -> None:
    code = "import sys, pytest; pytest.main(['-q', '--co', '-p', 'no:cacheprovider', '/dev/null']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/").stdout.split()
    assert "perseus.testing.fixtures" in loaded
    assert not {"perseus.testing.contract", "perseus.network", "pydantic", "httpx", "fakeredis"} & set(loaded)

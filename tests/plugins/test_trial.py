"""An import that its process does not outlive: named, and left out, after the second time in a row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perseus.pluginhost.admission.candidate import PluginRejected
from perseus.pluginhost.admission.discovery import Found
from perseus.pluginhost.admission.trial import REMEMBERED_SECONDS, Trials

CRASH = """\
import os
from pathlib import Path
from perseus.pluginhost.admission.discovery import Found
from perseus.pluginhost.admission.trial import Trials

with Trials(Path({home!r}), "perseus.ingest").of(Found("bad", "here", "bad", object, is_bundled={bundled})):
    os._exit(7)
"""
BAD = Found("bad", "here", "bad", object)


def crash(home: Path, is_bundled: bool = False) -> None:
    line = [sys.executable, "-c", CRASH.format(home=str(home), bundled=is_bundled)]
    assert subprocess.run(line, timeout=60, check=False).returncode == 7


def test_the_second_death_in_a_row_leaves_it_out_and_says_what_to_do(tmp_path: Path) -> None:
    trials = Trials(tmp_path, "perseus.ingest")
    crash(tmp_path)
    crash(tmp_path)
    for _ in range(2):
        with pytest.raises(PluginRejected, match=r"ended the process 2 times in a row.* delete .*perseus\.ingest\.bad"):
            trials.of(BAD).__enter__()
    (tmp_path / "imports" / "perseus.ingest.bad").unlink()
    with trials.of(BAD):
        pass


def test_one_that_is_imported_after_all_begins_anew(tmp_path: Path) -> None:
    trials = Trials(tmp_path, "perseus.ingest")
    for _ in range(3):
        crash(tmp_path)
        with trials.of(BAD):
            pass


def test_one_that_raises_is_no_crash(tmp_path: Path) -> None:
    trials = Trials(tmp_path, "perseus.ingest")
    for _ in range(4):
        with pytest.raises(RuntimeError), trials.of(BAD):
            raise RuntimeError


def test_after_an_hour_it_is_tried_again(tmp_path: Path) -> None:
    crash(tmp_path)
    crash(tmp_path)
    later = (tmp_path / "imports" / "perseus.ingest.bad").stat().st_mtime + REMEMBERED_SECONDS + 1
    with Trials(tmp_path, "perseus.ingest", lambda: later).of(BAD):
        pass


def test_two_that_import_at_the_same_time_do_not_take_each_other_for_dead(tmp_path: Path) -> None:
    trials = Trials(tmp_path, "perseus.ingest")
    with trials.of(BAD), trials.of(BAD), trials.of(BAD), trials.of(BAD):
        pass


@pytest.mark.parametrize("home", [None, Path("/proc/nowhere")])
def test_without_a_folder_it_is_imported_all_the_same(home: Path | None) -> None:
    with Trials(home, "perseus.ingest").of(BAD):
        pass


def test_what_is_bundled_is_never_left_out(tmp_path: Path) -> None:
    for _ in range(3):
        crash(tmp_path, is_bundled=True)
    with Trials(tmp_path, "perseus.ingest").of(Found("bad", "here", "bad", object, is_bundled=True)):
        pass


def test_a_plugin_that_ends_every_process_is_a_state_of_the_third(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "bad.py").write_text(
        "from perseus import hookimpl\nimport os\nos._exit(7)\n@hookimpl\ndef perseus_notify(event): ...\n"
    )
    line = [sys.executable, "-m", "perseus", "plugins"]
    environ = {"PATH": "/usr/bin:/bin", "PERSEUS_HOME": str(tmp_path / "home"), "PERSEUS_PLUGINS_DIR": str(folder)}
    told = [
        subprocess.run(line, env=environ, capture_output=True, text=True, timeout=60, check=False) for _ in range(3)
    ]
    assert [one.returncode for one in told[:2]] == [7, 7]
    assert "its import ended the process 2 times in a row" in told[2].stdout

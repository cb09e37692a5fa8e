"""What `up` makes of a child that ended, and how it tells people to start it themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from perseus.commands.invocation import command_line
from perseus.local import verdict
from perseus.local.child import Child, Task
from perseus.local.logfile import FULL_BYTES
from perseus.local.pids import wait_for

INGEST = Task("ingest kraken", ("ingest", "kraken"), "kraken")
WEB = Task("web", ("web",))


@pytest.mark.parametrize(
    ("task", "code", "again", "says"),
    [
        (WEB, -9, True, "web ended (killed by SIGKILL) and is started again"),
        (WEB, 0, True, "started again"),
        (INGEST, 0, False, "stopped. Start it again: perseus ingest kraken"),
        (INGEST, 75, True, "lost its lease and is started again"),
        (INGEST, 69, False, "kraken is held by another process"),
        (INGEST, -9, False, "was killed by SIGKILL. The page shows it as Offline"),
        (INGEST, 1, False, "failed (exit code 1). Start it again: perseus ingest kraken"),
        (INGEST, 78, False, "failed (exit code 78)"),
    ],
)
def test_each_end_has_its_verdict(task: Task, code: int, again: bool, says: str) -> None:
    found = verdict.of(task, code, "perseus ingest kraken")
    assert found.again is again
    assert says in found.text


def test_a_command_line_can_be_copied_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my bin" / "perseus"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    default = tmp_path / ".perseus"
    assert command_line(str(program), default, ["ingest", "a"]) == f"'{program}' ingest a"
    monkeypatch.setenv("PATH", str(program.parent))
    assert command_line(str(program), default, ["ingest", "a"]) == "perseus ingest a"
    assert command_line(str(program), tmp_path / "h", ["init"]) == f"PERSEUS_HOME={tmp_path}/h perseus init"
    assert command_line("/x/perseus/__main__.py", default, ["init"]) == "python -m perseus init"


def test_the_log_of_a_child_ends_with_its_last_words_and_is_turned_over_when_large(tmp_path: Path) -> None:
    log = tmp_path / "init.log"
    log.write_bytes(b"x" * (FULL_BYTES + 1))
    child = Child(Task("init", ("init", "--nonsense")), tmp_path, {"PATH": ""})
    assert wait_for(lambda: child.exit_code() is not None, 20)
    assert child.exit_code() == 2
    assert "No such option" in child.last_words()
    assert log.stat().st_size < 1000
    assert (tmp_path / "init.log.1").stat().st_size > FULL_BYTES


def test_what_a_child_started_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = tmp_path / "parent"
    parent.write_text("#!/bin/sh\nsleep 60 &\necho $!\nexit 3\n")
    parent.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(parent))
    child = Child(WEB, tmp_path, {"PATH": "/bin:/usr/bin"})
    assert wait_for(lambda: child.exit_code() == 3, 5)
    grandchild = int(child.last_words())
    assert wait_for(lambda: not Path(f"/proc/{grandchild}").exists() or _is_zombie(grandchild), 5)


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

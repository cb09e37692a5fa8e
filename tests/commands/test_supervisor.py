"""The supervisor: what a machine refuses it is said once, and every start is written down at once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus.errors import EXIT_CONFIG, SettingError
from perseus.local import supervisor
from perseus.local.child import Child, Task
from perseus.local.pids import ProcessMark, wait_for
from perseus.local.runfile import Run
from perseus.local.supervisor import Supervisor

ENDS = Task("dispatch", ("--version",))
TASKS = [ENDS, Task("web", ("--version",))]
FULL = OSError(errno.ENOSPC, "No space left on device")


class Stage:
    """A supervisor without a store, and what it said."""

    def __init__(self, home: Path) -> None:
        me = ProcessMark.of(os.getpid())
        assert me is not None
        run = Run(me, "http://127.0.0.1:8000", "redis://127.0.0.1:7/0", False, None, "sqlite:////x.db")
        self.home = home
        self.said: list[str] = []
        self.supervisor = Supervisor(home, run, None, os.environ, " ".join, self.said.append)

    def sees(self, text: str, times: int = 1) -> bool:
        """Look on until something was said so often."""

        def said() -> bool:
            self.supervisor.look()
            return sum(text in line for line in self.said) >= times

        return wait_for(said, 20)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.supervisor.stop()


def refusing(error: OSError) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        raise error

    return refuse


def test_a_full_disk_is_said_once_and_what_ends_is_started_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.supervisor.start([ENDS])
    monkeypatch.setattr(Run, "write", refusing(FULL))
    assert stage.sees("dispatch ended", times=2)
    told = [line for line in stage.said if "run.json cannot be written" in line]
    assert len(told) == 1
    assert "No space left on device" in told[0]


def test_without_a_first_run_json_nothing_is_started(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "write", refusing(FULL))
    with pytest.raises(SettingError, match="PERSEUS_HOME: .*No space left on device") as refused:
        stage.supervisor.start(TASKS)
    assert refused.value.exit_code == EXIT_CONFIG
    assert not (stage.home / "logs").exists()


def test_a_process_that_the_machine_will_not_start_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as tight:
        tight.setattr(supervisor, "Child", refusing(OSError(errno.EAGAIN, "Resource temporarily unavailable")))
        stage.supervisor.start([ENDS])
        assert stage.sees("dispatch cannot be started, and is tried again")
    assert stage.sees("dispatch ended")


def test_a_folder_of_logs_that_is_gone_is_made_again(stage: Stage) -> None:
    stage.supervisor.start([ENDS])
    (stage.home / "logs" / "dispatch.log").unlink()
    (stage.home / "logs").rmdir()
    assert stage.sees("dispatch ended", times=2)
    assert (stage.home / "logs" / "dispatch.log").exists()


def test_a_log_that_cannot_be_opened_ends_nobody(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    (stage.home / "logs").write_text("a file is in the way")
    stage.supervisor.start([Task("dispatch", ("--nonsense",))])
    assert stage.sees("dispatch ended (exit code 2)")
    assert "it cannot be read" in stage.said[-1]
    assert "dispatch.log cannot be written" in caplog.text


def test_each_start_is_written_down_before_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[set[str]] = []

    def start(task: Task, folder: Path, environ: dict[str, str]) -> Child:
        run = Run.read(stage.home)
        assert run is not None
        listed.append(set(run.children))
        return Child(task, folder, environ)

    monkeypatch.setattr(supervisor, "Child", start)
    stage.supervisor.start(TASKS)
    run = Run.read(stage.home)
    assert run is not None
    listed.append(set(run.children))
    assert listed == [set(), {"dispatch"}, {"dispatch", "web"}]

"""run.json: other commands find a living `up` by it, and never a dead one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import db
from perseus.errors import EXIT_CONFIG, EXIT_HELD, SettingError
from perseus.local import homelock, orphans, pids, runfile
from perseus.local.homelock import HomeInUse
from perseus.local.pids import ProcessMark
from perseus.local.runfile import Run
from perseus.settings import Settings


@pytest.fixture
def me() -> ProcessMark:
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    return mark


@pytest.fixture
def run(me: ProcessMark) -> Run:
    return Run(me, "http://127.0.0.1:8000", "redis://:pw@127.0.0.1:7/0", False, me, "sqlite:////x.db", {"web": me})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_what_is_written_is_read_back(tmp_path: Path, run: Run) -> None:
    run.write(tmp_path)
    assert Run.read(tmp_path) == run
    replace(run, store_process=None).write(tmp_path)
    assert Run.read(tmp_path) == replace(run, store_process=None)
    runfile.remove(tmp_path)
    assert Run.read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"up": 3}', '{"up": {"pid": "x", "started": 1}}'])
def test_a_file_that_is_not_ours_is_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert Run.read(tmp_path) is None


def test_a_command_without_urls_uses_the_up_that_lives_in_its_home(settings: Settings, run: Run) -> None:
    run.write(settings.home)
    assert runfile.store_url(settings) == run.store_url
    assert runfile.database_url(settings) == run.database_url


def test_urls_that_are_set_come_first(settings: Settings, run: Run) -> None:
    run.write(settings.home)
    given = settings.model_copy(
        update={"redis_url": SecretStr("redis://other"), "database_url": SecretStr("sqlite:////other.db")}
    )
    assert (runfile.store_url(given), runfile.database_url(given)) == ("redis://other", "sqlite:////other.db")


def test_an_up_that_is_gone_is_not_used_even_when_its_pid_lives(settings: Settings, run: Run, me: ProcessMark) -> None:
    replace(run, up=ProcessMark(me.pid, me.started + 1)).write(settings.home)
    with pytest.raises(SettingError, match="PERSEUS_REDIS_URL: is not set, and no `perseus up` runs in"):
        runfile.store_url(settings)
    assert runfile.database_url(settings) == db.default_url(settings.home)


def test_a_home_is_held_by_one_and_free_again_after_it(tmp_path: Path, run: Run) -> None:
    with homelock.held(tmp_path, os.getpid()):
        run.write(tmp_path)
        with (
            pytest.raises(HomeInUse, match=f"process {os.getpid()}, http://127.0.0.1:8000") as refused,
            homelock.held(tmp_path, 1),
        ):
            pass
        assert refused.value.exit_code == EXIT_HELD
    with homelock.held(tmp_path, os.getpid()):
        pass


def test_orphans_are_ended_and_forgotten_and_strangers_are_not(tmp_path: Path, run: Run, me: ProcessMark) -> None:
    orphan = subprocess.Popen(["sleep", "60"])
    mark = ProcessMark.of(orphan.pid)
    assert mark is not None
    stranger = ProcessMark(me.pid, me.started + 1)
    replace(run, store_process=stranger, children={"web": mark, "dispatch": stranger}).write(tmp_path)
    assert orphans.end(tmp_path) == 1
    assert orphan.wait(5) == -signal.SIGTERM
    assert Run.read(tmp_path) is None
    assert orphans.end(tmp_path) == 0


def test_a_home_in_which_no_lock_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "up.lock").mkdir()
    with (
        pytest.raises(SettingError, match=f"PERSEUS_HOME: {tmp_path} cannot be used") as refused,
        homelock.held(tmp_path, 1),
    ):
        pass
    assert refused.value.exit_code == EXIT_CONFIG


def test_a_home_in_which_only_the_lock_can_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere, so the answer is given here.
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(SettingError, match="cannot be used .Permission denied"), homelock.held(tmp_path, 1):
        pass


def test_an_error_of_what_is_done_while_the_home_is_held_is_not_told_as_one_of_the_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), homelock.held(tmp_path, 1):
        (tmp_path / "missing").read_text()


def sleeper(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], ProcessMark]]:
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, **environ})
    mark = ProcessMark.of(process.pid)
    assert mark is not None
    # Popen returns while the kernel still sets up the new program: its environment can be read a moment later only.
    assert pids.wait_for(lambda: Path(f"/proc/{process.pid}/environ").read_bytes() != b"", 5)
    try:
        yield process, mark
    finally:
        process.kill()
        process.wait()


def test_what_a_killed_up_started_and_did_not_write_down_is_known_by_its_badge(tmp_path: Path, me: ProcessMark) -> None:
    gone = ProcessMark(me.pid, me.started + 1)
    with (
        contextmanager(sleeper)(orphans.badge(tmp_path, gone)) as (left, _),
        contextmanager(sleeper)(orphans.badge(tmp_path / "other", gone)) as (elsewhere, _),
        contextmanager(sleeper)({"PERSEUS_HOME": str(tmp_path)}) as (by_hand, _),
    ):
        assert orphans.end(tmp_path) == 1
        assert left.wait(5) == -signal.SIGTERM
        assert (elsewhere.poll(), by_hand.poll()) == (None, None)


def test_nothing_of_an_up_that_lives_is_ended_though_its_lock_was_removed(tmp_path: Path, run: Run) -> None:
    with contextmanager(sleeper)({}) as (_, up), contextmanager(sleeper)(orphans.badge(tmp_path, up)) as (child, mark):
        replace(run, up=up, store_process=None, children={"web": mark}).write(tmp_path)
        with pytest.raises(HomeInUse, match=f"process {up.pid}, {run.web}"):
            orphans.end(tmp_path)
        runfile.remove(tmp_path)
        with pytest.raises(HomeInUse, match=f"process {up.pid}, still starting"):
            orphans.end(tmp_path)
        assert child.poll() is None


def test_what_ignores_the_order_to_end_is_killed() -> None:
    deaf = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"], stdout=subprocess.PIPE
    )
    assert deaf.stdout is not None
    assert deaf.stdout.readline() == b"deaf\n"
    mark = ProcessMark.of(deaf.pid)
    assert mark is not None
    pids.end([mark], 0.2)
    assert deaf.wait(5) == -signal.SIGKILL
    deaf.stdout.close()


def test_a_process_that_has_ended_has_no_mark() -> None:
    ended = subprocess.Popen(["true"])
    assert pids.wait_for(lambda: ProcessMark.of(ended.pid) is None, 5), "not collected yet, and not alive"
    ended.wait()
    assert ProcessMark.of(ended.pid) is None

"""The staged failovers themselves, a few of each set-up; `make failovers` runs 200. Whatever goes wrong, they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.failover import staged
from tests.failover.staged import ROOT, SETUPS, Contender, Setup, Stage
from tests.failover.strikes import ClusterStrikes, SentinelStrikes, Strikes
from tests.redis_process import RedisProcess


@pytest.mark.long
@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_a_failover_of_each_kind_violates_nothing(setup: object) -> None:
    name = getattr(setup, "name", "")
    command = [sys.executable, "-m", "tests.failover.staged", "--count", "5", "--setup", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Every guarantee held" in done.stdout


class OneServer(Strikes):
    """A store of one server that cannot fail over."""

    kinds = ("planned",)

    def __init__(self, folder: Path, random: Random, *_: str) -> None:
        super().__init__(random)
        folder.mkdir(parents=True)
        self.server = RedisProcess(folder).start()
        self.url = self.server.url

    def strike(self, kind: str, key: str) -> None:
        raise RuntimeError("no failover happened")

    def end(self) -> None:
        self.server.kill()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[int]]:
    """The numbers of all processes that are begun; those that are left are ended."""
    pids: list[int] = []
    begin = subprocess.Popen.__init__

    def noted(process: subprocess.Popen[bytes], *args: Any, **options: Any) -> None:
        begin(process, *args, **options)
        pids.append(process.pid)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    monkeypatch.setattr(staged.tempfile, "mkdtemp", lambda prefix: str(tmp_path / prefix))
    yield pids
    for pid in left(pids):
        os.kill(pid, signal.SIGKILL)


def left(pids: list[int]) -> list[int]:
    """Those that nobody has seen the end of."""
    living = []
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            living.append(pid)
    return living


def played() -> None:
    staged.run(Setup("one server", OneServer), 1, 1, lambda _: None)


def test_a_failover_that_does_not_happen_leaves_no_process(begun: list[int]) -> None:
    with pytest.raises(RuntimeError, match="no failover happened"):
        played()
    assert len(begun) >= 1 + len(staged.EXCHANGES) * staged.CONTENDERS
    assert left(begun) == []


def test_a_store_that_does_not_answer_at_first_leaves_no_process(
    begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise RuntimeError("the store does not come back")

    monkeypatch.setattr(Stage, "ask", silent)
    with pytest.raises(RuntimeError, match="does not come back"):
        played()
    assert begun
    assert left(begun) == []


def test_a_contender_whose_end_is_not_seen_leaves_no_other_process(
    begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = Contender.end

    def late(contender: Contender) -> None:
        end(contender)
        raise subprocess.TimeoutExpired("contender", 10)

    monkeypatch.setattr(Contender, "end", late)
    with pytest.raises(subprocess.TimeoutExpired):
        played()
    assert left(begun) == []


@pytest.mark.parametrize("strikes", [ClusterStrikes, SentinelStrikes])
def test_servers_that_do_not_come_together_are_ended(
    begun: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, strikes: Any
) -> None:
    def apart(*_: object, **__: object) -> None:
        raise RuntimeError("they did not find each other")

    for rig in ("tests.redis_cluster.RedisCluster", "tests.redis_sentinel.RedisSentinel"):
        monkeypatch.setattr(f"{rig}.wait_until_whole", apart)
    with pytest.raises(RuntimeError, match="did not find each other"):
        strikes(tmp_path, Random(1))
    assert len(begun) > 1
    assert left(begun) == []


def test_a_server_that_has_ended_by_itself_keeps_no_other_from_being_ended(begun: list[int], tmp_path: Path) -> None:
    server = RedisProcess(tmp_path).start()
    assert server.process is not None
    server.process.kill()
    server.process.wait(10)
    server.kill()
    assert not server.is_up()

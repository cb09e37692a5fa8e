"""The embedded store: real, private, kept; or a stand-in that says what it is."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from perseus import keys
from perseus.local import embedded, redis_server
from perseus.local.embedded import EmbeddedStore, EmbeddedStoreFailed
from perseus.local.pids import ProcessMark, wait_for
from perseus.local.redis_server import RedisServer
from perseus.store import connect

Start = Callable[[], EmbeddedStore]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[EmbeddedStore] = []

    def start() -> EmbeddedStore:
        started.append(embedded.start(tmp_path))
        return started[-1]

    yield start
    for store in started:
        store.stop()


def get(store: EmbeddedStore, key: str) -> str | None:
    with connect(store.url, timeout=2, name="test") as client:
        value: str | None = client.get(key)
        return value


def put(store: EmbeddedStore, key: str) -> None:
    with connect(store.url, timeout=2, name="test") as client:
        client.set(key, "x")


def older(folder: Path, version: str) -> None:
    program = folder / "redis-server"
    program.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0'\n")
    program.chmod(0o755)


def test_a_new_store_is_marked_and_one_started_again_keeps_what_it_held(start: Start) -> None:
    first = start()
    assert (first.is_new, first.kept, get(first, keys.INITIALISED)) == (True, True, "kept")
    put(first, "a")
    first.stop()
    again = start()
    assert (again.is_new, get(again, "a")) == (False, "x")


def test_a_store_whose_data_were_emptied_is_not_marked_again(start: Start) -> None:
    first = start()
    with connect(first.url, timeout=2, name="test") as client:
        client.flushall()
    first.stop()
    again = start()
    assert (again.is_new, get(again, keys.INITIALISED)) == (False, None)


def begun(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> list[subprocess.Popen[bytes]]:
    """The processes that are begun from now on, with a signal to us before anybody is told of them."""
    processes: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def begin(*args: Any, **named: Any) -> subprocess.Popen[bytes]:
        processes.append(real(*args, **named))
        if named.get("start_new_session"):
            signal.raise_signal(number)
        return processes[-1]

    monkeypatch.setattr(embedded.subprocess, "Popen", begin)
    return processes


def test_ctrl_c_just_when_its_process_has_begun_leaves_none(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        processes = begun(patched, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            start()
    assert processes[-1].poll() is not None
    assert get(start(), keys.INITIALISED) == "kept"


def test_ctrl_c_while_it_is_marked_leaves_no_process(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    pids: list[int] = []

    def interrupted(store: EmbeddedStore) -> None:
        pids.append(store.pid)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EmbeddedStore, "mark", interrupted)
        with pytest.raises(KeyboardInterrupt):
            start()
    assert [pid for pid in pids if ProcessMark.of(pid)] == []
    assert pids


def test_a_start_that_died_before_the_mark_is_made_good(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before_the_mark:
        before_the_mark.setattr(EmbeddedStore, "mark", lambda store: None)
        start().stop()
    again = start()
    assert (again.is_new, get(again, keys.INITIALISED)) == (True, "kept")


def test_nobody_gets_in_without_the_password_which_only_its_owner_can_read(start: Start, tmp_path: Path) -> None:
    store = start()
    password, port = store.url.split("@")[0].rpartition(":")[2], store.url.rpartition(":")[2].partition("/")[0]
    with (
        connect(f"redis://127.0.0.1:{port}", timeout=2, name="test") as client,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        client.ping()
    assert password not in Path(f"/proc/{store.pid}/cmdline").read_text()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "store").iterdir()}
    assert modes["redis.conf"] == modes["appendonly.aof"] == 0o600
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700


def test_a_killed_store_comes_back_at_the_same_url_with_its_data(start: Start, tmp_path: Path) -> None:
    store = start()
    url = store.url
    put(store, "a")
    # `appendfsync everysec` may hold a write back for as long as an earlier one is being synced.
    assert wait_for(lambda: any(b"\r\nx\r\n" in path.read_bytes() for path in tmp_path.rglob("*.aof")), 5)
    os.kill(store.pid, signal.SIGKILL)
    assert wait_for(lambda: store.exit_code() == -signal.SIGKILL, 5)
    store.restart()
    assert store.url == url
    with connect(url, timeout=2, name="test") as client:
        assert wait_for(lambda: answers(client), 5)
        assert client.get("a") == "x"


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False


def test_a_server_left_over_by_a_killed_parent_is_ended_first(start: Start) -> None:
    left = start()
    put(left, "a")
    assert get(start(), "a") == "x"
    assert left.exit_code() == 0


def test_a_pid_file_that_names_a_stranger_harms_nobody(start: Start, tmp_path: Path) -> None:
    start().stop()
    (tmp_path / "store" / "redis.pid").write_text(str(os.getpid()))
    start()
    assert ProcessMark.of(os.getpid()) is not None


def test_without_any_redis_a_stand_in_serves_and_says_that_nothing_is_kept(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_server, "find", lambda: None)
    store = start()
    assert (store.kept, store.is_new, get(store, keys.INITIALISED)) == (False, True, "not kept")
    assert "nothing is kept" in store.described
    store.stop()
    assert store.exit_code() == 0


def test_a_server_that_cannot_start_is_quoted_and_its_log_named(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "CONFIG", embedded.CONFIG + "nonsense yes\n")
    with pytest.raises(EmbeddedStoreFailed, match=f"exit code 1.*Its log: {tmp_path}/store/store.log"):
        start()


def test_a_port_taken_meanwhile_is_exchanged_for_another(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    first = start()
    taken = int(first.url.rpartition(":")[2].partition("/")[0])
    real = embedded._free_port
    offered = iter([taken])
    monkeypatch.setattr(embedded, "_free_port", lambda: next(offered, None) or real())
    monkeypatch.setattr(embedded, "_end_left_over", lambda folder: None)
    assert start().url != first.url


def test_a_store_started_again_is_found_at_the_same_url(start: Start) -> None:
    first = start()
    first.stop()
    assert start().url == first.url


def test_a_port_that_somebody_took_between_two_runs_is_left_to_them_with_a_new_password(start: Start) -> None:
    first = start()
    first.stop()
    with socket.create_server(("127.0.0.1", port_of(first))):
        again = start()
    assert port_of(again) != port_of(first)
    assert again.url.rpartition("@")[0] != first.url.rpartition("@")[0]


def port_of(store: EmbeddedStore) -> int:
    return int(store.url.rpartition(":")[2].partition("/")[0])


def test_a_store_whose_folder_is_gone_starts_again_empty(start: Start, tmp_path: Path) -> None:
    store = start()
    os.kill(store.pid, signal.SIGKILL)
    assert wait_for(lambda: store.exit_code() is not None, 5)
    shutil.rmtree(tmp_path / "store")
    store.restart()
    with connect(store.url, timeout=2, name="test") as client:
        assert wait_for(lambda: answers(client), 5)


def test_a_folder_that_cannot_be_made_is_told_as_the_store_s(start: Start, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file is in the way")
    with pytest.raises(EmbeddedStoreFailed, match="File exists"):
        start()


def test_data_of_a_newer_redis_are_refused_by_an_older_one(start: Start, tmp_path: Path) -> None:
    (tmp_path / "store" / "appendonlydir").mkdir(parents=True)
    with pytest.raises(EmbeddedStoreFailed, match="written by Redis 7 or later"):
        embedded._refuse_newer_data(tmp_path / "store", RedisServer(Path("redis-server"), (6, 2, 7)))
    embedded._refuse_newer_data(tmp_path / "store", RedisServer(Path("redis-server"), (7, 0, 0)))


def test_a_server_on_path_comes_first_and_one_that_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    older(tmp_path, "7.4.1")
    assert redis_server.find() == RedisServer(tmp_path / "redis-server", (7, 4, 1))
    older(tmp_path, "6.2.6")
    found = redis_server.find()
    assert found is None or found.path.parent != tmp_path
    assert "is Redis 6.2.6, and Perseus needs 6.2.7: passed over" in caplog.text

"""A client that sends or takes too slowly gives its thread back."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from perseus.commands import connection
from perseus.commands.connection import Connection
from tests.commands.running import Site, eventually

Pair = tuple[Connection, socket.socket]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(connection, "WAIT_SECONDS", 0.2)
    ours, theirs = socket.socketpair()
    with Connection.of(ours) as bounded, theirs:
        bounded.setblocking(True)
        yield bounded, theirs


def test_what_comes_in_time_is_read(pair: Pair) -> None:
    pair[1].sendall(b"GET")
    assert pair[0].recv(100) == b"GET"


def test_a_request_that_does_not_come_ends_as_if_the_client_had_gone(pair: Pair) -> None:
    assert pair[0].recv(100) == b""


def test_a_request_that_drips_does_not_hold_its_thread_for_each_drop(pair: Pair) -> None:
    drops = 0
    while True:
        pair[1].sendall(b"x")
        if pair[0].recv(1) == b"":
            break
        drops += 1
        time.sleep(0.02)
    assert 0 < drops < 50


def test_the_next_request_of_a_connection_has_its_own_time(pair: Pair) -> None:
    assert pair[0].recv(100) == b""
    pair[0].setblocking(True)
    pair[1].sendall(b"GET")
    assert pair[0].recv(100) == b"GET"


def test_an_answer_that_nobody_takes_is_given_up(pair: Pair) -> None:
    with pytest.raises(ConnectionResetError):
        pair[0].sendall(b"x" * 50_000_000)


def test_a_head_goes_out_with_its_body(pair: Pair) -> None:
    ours, theirs = pair
    theirs.setblocking(False)
    ours.hold()
    ours.sendall(b"head ")
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    ours.sendall(b"body ")
    ours.sendall(b"more")
    ours.flush()
    assert theirs.recv(100) == b"head body more"


def test_a_head_without_a_body_goes_out_at_the_end(pair: Pair) -> None:
    ours, theirs = pair
    ours.hold()
    ours.sendall(b"head")
    ours.flush()
    ours.sendall(b", and what is sent after it at once")
    assert theirs.recv(100) == b"head, and what is sent after it at once"


def test_a_head_goes_out_before_a_file(pair: Pair, tmp_path: Path) -> None:
    ours, theirs = pair
    (tmp_path / "file").write_bytes(b"file")
    ours.hold()
    ours.sendall(b"head ")
    with (tmp_path / "file").open("rb") as file:
        ours.sendfile(file)
    assert theirs.recv(100) == b"head file"


def test_one_connection_is_answered_again_and_again(site: Site, real_store: str) -> None:
    with _one_thread(site, real_store):
        asked = HTTPConnection("127.0.0.1", site.port, timeout=10)
        for _ in range(3):
            for method, path, status in (
                ("GET", "/health", 200),
                ("GET", "/static/css/base.css", 200),
                ("HEAD", "/static/css/base.css", 200),
                ("GET", "/health?" + "x" * 5_000, 414),
            ):
                asked.request(method, path)
                answer = asked.getresponse()
                body = answer.read()
                assert (answer.status, bool(body)) == (status, method != "HEAD")
        asked.close()


def test_who_asks_without_pause_leaves_a_turn_to_others(site: Site, real_store: str) -> None:
    ended = threading.Event()

    def ask_without_pause() -> None:
        greedy = HTTPConnection("127.0.0.1", site.port, timeout=30)
        while not ended.is_set():
            greedy.request("GET", "/health")
            greedy.getresponse().read()
        greedy.close()

    with _one_thread(site, real_store):
        threads = [threading.Thread(target=ask_without_pause) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                assert site.get("/health")
        finally:
            ended.set()
            for thread in threads:
                thread.join(30)


@contextmanager
def _one_thread(site: Site, store: str) -> Iterator[None]:
    site.settings |= {"PERSEUS_REDIS_URL": store, "PERSEUS_WEB_THREADS": "1"}
    assert site.run("init").returncode == 0
    with site.start("web"):
        eventually(lambda: site.get("/health"))
        yield

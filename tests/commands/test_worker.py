"""A client that sends or takes too slowly gives its thread back."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from perseus.commands import worker
from perseus.commands.worker import Bounded
from tests.commands.running import Site, eventually

Pair = tuple[Bounded, socket.socket]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(worker, "REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(worker, "WAIT_SECONDS", 0.2)
    ours, theirs = socket.socketpair()
    with Bounded.of(ours) as bounded, theirs:
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


@pytest.mark.long
def test_half_a_request_on_each_thread_does_not_stop_the_pages(site: Site, real_store: str) -> None:
    site.settings |= {"PERSEUS_REDIS_URL": real_store, "PERSEUS_WEB_THREADS": "2"}
    assert site.run("init").returncode == 0
    with site.start("web"):
        eventually(lambda: site.get("/health"))
        halves = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(4)]
        for half in halves:
            half.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        assert eventually(lambda: site.get("/health"), 40)
        for half in halves:
            half.close()

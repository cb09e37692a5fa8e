"""Strangers who open connections and leave them: nobody else waits for them."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from perseus.commands import arrival, connection
from perseus.web.security import BODY_LIMIT
from tests.commands.running import Site, eventually
from tests.redis_process import RedisProcess

CROWD = 60
KINDS = {
    "say nothing": b"",
    "send half a head": b"GET /health HTTP/1.1\r\nHo",
    "send half a body": b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nemail=",
    "announce a body": b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    b"Expect: 100-continue\r\n\r\n",
    "announce too long a body": b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\nemail=",
    "send one and a half": b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /health HTT",
    "stay when all is said": b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "stay with the oldest protocol": b"GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n",
    "stay when they are refused": b"GARBAGE\r\n\r\n",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisProcess) -> Iterator[Site]:
    settings = {"PERSEUS_REDIS_URL": redis_server.url, "PERSEUS_WEB_THREADS": "2"}
    site = Site(tmp_path_factory.mktemp("crowds") / "home", **settings)
    assert site.run("init").returncode == 0
    with site.start("web"):
        eventually(lambda: site.get("/health"))
        yield site


@pytest.mark.parametrize("sent", KINDS.values(), ids=list(KINDS))
def test_nobody_waits_for_a_crowd_who(served: Site, sent: bytes) -> None:
    crowd = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(CROWD)]
    for one in crowd:
        one.sendall(sent)
    for _ in range(10):
        asked = HTTPConnection("127.0.0.1", served.port, timeout=5)
        asked.request("GET", "/health")
        assert asked.getresponse().status == 200
        asked.close()
    for one in crowd:
        one.close()


def test_half_a_request_is_refused_when_its_time_is_over(served: Site) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 30) as half:
        half.sendall(KINDS["send half a head"])
        assert half.recv(1_000).startswith(b"HTTP/1.1 408 ")


def test_a_request_that_comes_in_pieces_is_answered(served: Site) -> None:
    pieces = (
        b"GET /health HT",
        b"TP/1.1\r\nHost: 127.0.0.1\r",
        b"\n\r",
        b"\nGET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    )
    with socket.create_connection(("127.0.0.1", served.port), 30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces[:-1]:
            client.sendall(piece)
            assert not select.select([client], [], [], 0)[0]
        client.sendall(pieces[-1])
        assert client.recv(9_000).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"\r\n")
        assert client.recv(9_000).startswith(b"HTTP/1.1 200 ")


def test_requests_that_come_together_are_answered_in_turn(served: Site) -> None:
    asked = (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 3).removesuffix(b"\r\n")
    with socket.create_connection(("127.0.0.1", served.port), 30) as client:
        client.sendall(asked)
        told = b""
        while told.count(b"HTTP/1.1 200 ") < 2:
            more = client.recv(9_000)
            assert more
            told += more
        client.sendall(b"Connection: close\r\n\r\n")
        while more := client.recv(9_000):
            told += more
    assert told.count(b"HTTP/1.1 200 ") == 3
    assert told.count(b"HTTP/1.1 ") == 3


def test_who_waits_to_be_told_to_send_a_body_is_told(served: Site) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 30) as client:
        client.sendall(
            b"POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 1000\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert client.recv(1_000) == connection.GO_ON
        client.sendall(b"x" * 1_000)
        told = b""
        while more := client.recv(9_000):
            told += more
        assert b"HTTP/1.1 303 " in told.removeprefix(connection.GO_ON)[:20]


def test_half_a_request_of_who_has_left_is_let_go(served: Site) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 30) as half:
        half.sendall(KINDS["send half a head"])
        half.shutdown(socket.SHUT_WR)
        assert half.recv(1_000) == b""


# What the first bytes tell.


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", 27),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", 43),
        (b"POST / HTTP/1.1\r\nCONTENT-LENGTH:5\r\n\r\nab", 42),
        (b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\nab", 42),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", 47),
        (b"x" * arrival.HEAD_BYTES, arrival.HEAD_BYTES),
    ],
)
def test_a_request_is_as_long_as_its_head_says(data: bytes, length: int | None) -> None:
    assert arrival.length(data) == length


def test_a_body_that_the_pages_take_is_waited_for() -> None:
    assert arrival.BODY_BYTES == BODY_LIMIT

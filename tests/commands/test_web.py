"""`perseus web`: loopback only, a clear word when the port is taken, gone within three seconds."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from urllib.request import urlopen

import psutil
import pytest

from perseus.errors import EXIT_CONFIG
from tests.commands.running import Command, Site, eventually, still_running


@pytest.fixture
def ready(site: Site, real_store: str) -> Site:
    site.settings["PERSEUS_REDIS_URL"] = real_store
    assert site.run("init").returncode == 0
    return site


@pytest.fixture
def web(ready: Site) -> Iterator[Command]:
    with ready.start("web") as web:
        eventually(lambda: ready.get("/health"))
        yield web


def test_it_listens_on_loopback_alone(ready: Site, web: Command) -> None:
    listening = [c.laddr for member in web.family() for c in member.net_connections("tcp") if c.status == "LISTEN"]
    assert {(address.ip, address.port) for address in listening} == {("127.0.0.1", ready.port)}


def test_its_answers_do_not_say_what_serves_them(ready: Site, web: Command) -> None:
    with urlopen(f"http://127.0.0.1:{ready.port}/health", timeout=5) as answer:
        assert answer.headers.get_all("Server") == ["perseus"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_three_seconds_with_a_visitor_connected(
    ready: Site, web: Command, number: signal.Signals
) -> None:
    with socket.create_connection(("127.0.0.1", ready.port)) as visitor:
        visitor.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert visitor.recv(100).startswith(b"HTTP/1.1 200")
        family = web.family()
        code, seconds = web.stop(number)
    assert (code, still_running(family)) == (0, [])
    assert seconds < 3


def test_a_killed_worker_is_replaced(ready: Site, web: Command) -> None:
    eventually(lambda: len(psutil.Process(web.pid).children()) == 1)
    (worker,) = psutil.Process(web.pid).children()
    worker.kill()
    assert eventually(lambda: set(psutil.Process(web.pid).children()) - {worker})
    eventually(lambda: ready.get("/health") == {"status": "ok"})


def test_a_port_in_use_is_named_and_nothing_is_served(ready: Site) -> None:
    with socket.create_server(("127.0.0.1", ready.port)):
        ended = ready.run("web")
    assert ended.returncode == EXIT_CONFIG
    assert f"PERSEUS_PORT: port {ready.port} on 127.0.0.1 is in use by another program" in ended.stderr
    assert f"PERSEUS_PORT={ready.port + 1}" in ended.stderr

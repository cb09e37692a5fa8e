"""A DNS that hangs or fails: connections wait no longer than they may, and go where the name led last."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from perseus.errors import PerseusError, StoreUnavailable
from perseus.store import answers, connect
from perseus.store.resolver import RESOLVER, Resolver
from tests.redis_process import RedisProcess

SECONDS = 0.4
NAME = ("store.example", 6379)


class DNS:
    """Looks up `store.example` as 127.0.0.1; `hold` has it hang, `failure` is what it says."""

    def __init__(self) -> None:
        self.answering = threading.Event()
        self.failure: Exception | None = None
        self.asked = 0
        self.answering.set()

    def look_up(self, host: str, port: int, *rest: Any) -> list[Any]:
        if host == "127.0.0.1":
            return self.system(host, port, *rest)
        self.asked += 1
        self.answering.wait(30)
        if self.failure is not None:
            raise self.failure
        return self.system("127.0.0.1", port, *rest)

    system = staticmethod(socket.getaddrinfo)


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[DNS]:
    made = DNS()
    monkeypatch.setattr(socket, "getaddrinfo", made.look_up)
    RESOLVER.forget()
    yield made
    made.answering.set()
    RESOLVER.forget()


def test_what_a_name_meant_last_is_taken_while_its_look_up_is_late(dns: DNS) -> None:
    resolver = Resolver()
    first = resolver.addresses(NAME, SECONDS)
    dns.answering.clear()
    began = time.monotonic()
    assert resolver.addresses(NAME, SECONDS) == first
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(("code", "is_kept"), [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)])
def test_a_dns_that_cannot_tell_now_takes_nothing_back_and_one_that_says_no_does(
    dns: DNS, code: int, is_kept: bool
) -> None:
    resolver = Resolver()
    first = resolver.addresses(NAME, SECONDS)
    dns.failure = socket.gaierror(code, "said")
    if is_kept:
        assert resolver.addresses(NAME, SECONDS) == first
    else:
        with pytest.raises(socket.gaierror):
            resolver.addresses(NAME, SECONDS)


def test_where_nothing_is_known_it_is_told_in_time_and_threads_do_not_gather(dns: DNS) -> None:
    resolver = Resolver()
    dns.answering.clear()
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(redis.TimeoutError, match="store.example could not be looked up within 0.05 s"):
            resolver.addresses(NAME, 0.05)
    assert time.monotonic() - began < 2
    assert dns.asked == 1


def test_what_comes_late_is_an_answer_for_the_next(dns: DNS) -> None:
    resolver = Resolver()
    dns.answering.clear()
    with pytest.raises(redis.TimeoutError):
        resolver.addresses(NAME, 0.05)
    dns.answering.set()
    assert resolver.addresses(NAME, SECONDS)[0][4] == ("127.0.0.1", 6379)


def test_a_connection_waits_for_its_dns_no_longer_than_for_its_server(dns: DNS, own_server: RedisProcess) -> None:
    with connect(f"redis://store.example:{own_server.port}", timeout=SECONDS, name="t") as client:
        dns.answering.clear()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="look at the DNS of this machine"), answers(client):
            client.ping()
        assert time.monotonic() - began < SECONDS + 1
        dns.answering.set()
        assert client.ping()
        dns.answering.clear()
        client.connection_pool.disconnect()
        assert client.ping()


def test_several_addresses_share_the_time_of_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a name with an address of each kind, behind which nothing answers."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        held = [socket.socket() for _ in range(4)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(RESOLVER, "addresses", lambda *_: [place] * 4)
        began = time.monotonic()
        client = connect("redis://store.example", timeout=SECONDS, name="t")
        with client, pytest.raises(StoreUnavailable), answers(client):
            client.ping()
        assert time.monotonic() - began < 2 * SECONDS
        for one in held:
            one.close()


NAMES = ("one.example", "two.example", "three.example", "four.example")


@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
def test_names_of_sentinels_are_looked_up_at_once_so_that_a_slow_dns_is_waited_for_once(
    kind: str, own_server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes more than the share that one of four has of the time-out, and less than the time-out."""
    slow, system = 0.5, socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any) -> list[Any]:
        if host not in NAMES:
            return list(system(host, port, *rest))
        time.sleep(slow)
        return list(system("127.0.0.1", port, *rest))

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    RESOLVER.forget()
    hosts = ",".join(f"{name}:{own_server.port}" for name in NAMES)
    url = f"redis+{kind}://{hosts}{'/perseus' if kind == 'sentinel' else ''}"
    refusal = pytest.raises(PerseusError, match=r"is no sentinel|it is one server")
    with connect(url, timeout=1.2, name="t") as client, refusal, answers(client):
        client.ping()
    RESOLVER.forget()

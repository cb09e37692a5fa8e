"""The cable between a contender and the store, and the detour that leads through it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import redis

from perseus.drill.cable import Cable
from tests.instances import eventually
from tests.redis_process import RedisProcess

THROUGH = """
import sys
from perseus.drill import detour
from perseus.store import connect
detour.through(int(sys.argv[2]))
with connect(sys.argv[1], timeout=0.3, name="through") as client:
    for line in sys.stdin:
        try:
            print(client.incr("told"), flush=True)
        except Exception as error:
            print(type(error).__name__, flush=True)
"""


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


class Guest:
    """A process whose connections all lead through the cable."""

    def __init__(self, url: str, port: int) -> None:
        command = [sys.executable, "-c", THROUGH, url, str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def asks(self) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("now\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture
def guest(real_store: str, cable: Cable) -> Iterator[Guest]:
    made = Guest(real_store, cable.port)
    yield made
    made.process.communicate(timeout=10)


def told(server: RedisProcess) -> str | None:
    with server.client() as client:
        found: str | None = client.get("told")
        return found


def test_nothing_passes_a_cut_cable_and_the_late_request_arrives_when_it_is_whole(
    guest: Guest, cable: Cable, redis_server: RedisProcess
) -> None:
    assert guest.asks() == "1"
    cable.cut()
    assert guest.asks() == "TimeoutError"
    assert told(redis_server) == "1"
    cable.heal()
    eventually(lambda: told(redis_server) == "2")
    assert guest.asks() == "3"


def test_who_connects_while_it_is_cut_gets_no_answer(guest: Guest, cable: Cable, redis_server: RedisProcess) -> None:
    cable.cut()
    assert guest.asks() == "TimeoutError"
    assert told(redis_server) is None
    cable.heal()
    assert guest.asks() == "1"


def test_a_server_that_is_not_there_is_a_lost_connection(cable: Cable) -> None:
    made = Guest("redis://127.0.0.1:1/0", cable.port)
    assert made.asks() == "ConnectionError"
    made.process.communicate(timeout=10)


def test_what_comes_without_an_address_is_sent_away(cable: Cable) -> None:
    with redis.Redis(port=cable.port, socket_timeout=2) as client, pytest.raises(redis.exceptions.RedisError):
        client.ping()

"""An instance at work with a scripted feed, on a real store, in a time that is the test's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import redis

from perseus import keys
from perseus.ingest.process import work
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.network.joining import join
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import ManualClock
from tests.ingest.scripted import Running, ScriptedFeed

Clients = Callable[[str], Callable[[str], Client]]


class Bench:
    """One instance at work with a scripted feed, and the store as others see it."""

    def __init__(self, instance: Instance, reader: redis.Redis, exchange: Exchange) -> None:
        self.instance = instance
        self.feed = ScriptedFeed(instance)
        self.reader = reader
        self.exchange = exchange
        self.running: Running | None = None

    def start(self, until: str | None = "active") -> None:
        self.running = Running(lambda: work(self.instance, lambda _: self.feed))
        while until is not None and self.instance.state != until:
            assert self.running._thread.is_alive()

    def end(self) -> BaseException | None:
        assert self.running is not None
        return self.running.ended()

    def stop(self) -> BaseException | None:
        self.instance.request_stop("SIGTERM")
        return self.end()

    def events(self) -> list[dict[str, str]]:
        return [fields for _, fields in self.reader.xrange(keys.activity(self.exchange.name))]

    def path(self) -> list[str]:
        moves = [event for event in self.events() if event["event"] == "state_transition"]
        return [moves[0]["fromState"], *(move["toState"] for move in moves)]

    def last_record(self) -> dict[str, str]:
        return self.reader.hgetall(keys.last_record(self.exchange.id))

    def is_released(self) -> bool:
        return not self.reader.exists(keys.status(self.exchange.id)) and self.last_record()["closed"] == "1"


@pytest.fixture
def bench(site: Settings, exchange: Exchange, clients: Clients, real_store: str, clock: ManualClock) -> Iterator[Bench]:
    """Its time is the test's: the lease runs out when the test says so."""
    before = set(threading.enumerate())
    with redis.Redis.from_url(real_store, decode_responses=True) as reader:
        made = clients(real_store)
        bench = Bench(
            join(exchange, site, made, Identity("here"), clock=clock, hard_exit=lambda: None), reader, exchange
        )
        yield bench
        bench.instance.stop()
        if bench.running is not None:
            bench.running.ended()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert left == set()

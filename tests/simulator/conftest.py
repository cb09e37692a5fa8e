"""A world whose time the test moves by hand, and ways to ask it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from perseus.exchanges.wire.transport import Closed, Frame, Ping, Text
from perseus.simulator.clock import VirtualClock
from perseus.simulator.exchange import Exchange
from perseus.simulator.faults.fault import Fault
from perseus.simulator.session import Session
from perseus.simulator.wire import Asked, Reply
from perseus.simulator.world import World

START_MS = 1_795_262_415_123  # 2026-11-21 12:00:15.123 UTC


@dataclass
class Bench:
    """`seconds` is the loop's time."""

    faults: tuple[Fault, ...] = ()
    seed: str = "seed"
    start_ms: int = START_MS
    seconds: float = 100.0
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(VirtualClock(lambda: self.seconds, self.start_ms), self.seed, self.faults)

    @property
    def now_ms(self) -> int:
        return self.world.timers.now_ms

    def exchange(self, name: str = "binance") -> Exchange:
        return self.world.exchanges[name]

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.world.sync()

    def wait_until(self, ms: int) -> None:
        self.wait((ms - self.now_ms) / 1_000)

    def get(self, path: str, name: str = "binance", address: str = "a", **params: object) -> Reply:
        self.world.sync()
        told = {key: str(value) for key, value in params.items()}
        return self.exchange(name).http(Asked(path, told, {}, address))

    def json(self, path: str, name: str = "binance", **params: object) -> Any:
        return msgspec.json.decode(self.get(path, name, **params).body)

    def open(self, path: str, name: str = "binance", address: str = "a", **params: str) -> Session:
        self.world.sync()
        opened = self.exchange(name).connect(Asked(path, params, {}, address))
        assert isinstance(opened, Session), opened
        return opened

    def say(self, session: Session, message: object) -> None:
        self.world.sync()
        session.heard_text(msgspec.json.encode(message))


def frames(session: Session) -> list[Frame]:
    """All that was sent since the last look."""
    found = list(session.outbox)
    session.outbox.clear()
    return found


def told(session: Session) -> list[Any]:
    """All messages that were sent since the last look."""
    return [msgspec.json.decode(frame.data) for frame in frames(session) if isinstance(frame, Text)]


def pongs(session: Session) -> None:
    """Answer every ping that waits in the outbox."""
    for frame in tuple(session.outbox):
        if isinstance(frame, Ping):
            session.outbox.remove(frame)
            session.heard_pong(frame.payload)


def end_of(session: Session) -> Closed | None:
    return next((frame for frame in session.outbox if isinstance(frame, Closed)), None)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def with_faults() -> Callable[..., Bench]:
    return lambda *faults: Bench(faults)

"""Observers on the plugins of a shelf, and the side of an instance that shows their fields."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.pluginhost.calling.hooks import HookObserver
from perseus.pluginhost.configuration.fields import Value
from perseus.pluginhost.context import Context
from perseus.settings import Settings
from tests.conftest import ManualClock
from tests.plugins.shelf import Shelf

STATUS = InstanceStatus(
    fencing_token="7",
    exchange_id=4,
    exchange_name="kraken",
    instance_id="h-1-a",
    connection_state=State.ACTIVE,
    hostname="h",
    pid=1,
    version="0",
    symbol_count=0,
    registered_at="2026-11-21T00:00:00.000Z",
    last_heartbeat="2026-11-21T00:00:00.000Z",
    last_state_change="2026-11-21T00:00:00.000Z",
    heartbeat_seconds=15,
    ttl_seconds=45,
)

LISTEN = "@hookimpl\ndef perseus_error_reported(error): calls.put(error)"


class Card:
    """The side of an instance that shows fields."""

    def __init__(self) -> None:
        self.fields: dict[str, Value] = {}
        self.shown = threading.Semaphore(0)

    def status(self) -> InstanceStatus:
        return STATUS

    def set_fields(self, fields: Mapping[str, Value]) -> None:
        self.fields.update(fields)
        self.shown.release()

    def wait(self) -> dict[str, Value]:
        assert self.shown.acquire(timeout=10)
        return self.fields


class Makers:
    """Makes observers and closes them in the end."""

    def __init__(self, shelf: Shelf, settings: Settings) -> None:
        self.shelf = shelf
        self.context = Context(settings)
        self.made: list[HookObserver] = []

    def observer(self, interval: float = 1000, clock: ManualClock | None = None) -> HookObserver:
        elapsed = clock.elapsed if clock else time.monotonic
        self.made.append(HookObserver(self.shelf.load(), self.context, interval, elapsed))
        return self.made[-1]


@pytest.fixture
def make(shelf: Shelf, tmp_path: Path) -> Iterator[Makers]:
    makers = Makers(shelf, Settings(home=tmp_path))
    yield makers
    for observer in makers.made:
        observer.close(2)

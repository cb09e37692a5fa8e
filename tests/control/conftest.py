"""Ingest processes that take commands, next to a real store."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from perseus.control import channel, hosts, key
from perseus.control.command import Command, Kind
from perseus.control.hosts import Report
from perseus.control.outcomes import Outcome
from perseus.store import Client, connect
from tests.conftest import short
from tests.ingest.conftest import capture, reader, site, site_environment, start
from tests.ingest.running import SHORT

__all__ = ["capture", "reader", "site", "site_environment", "start"]

TEXT = "a text that web and ingest hosts share"
KEYED = {**SHORT, "PERSEUS_CONTROL_KEY": TEXT}


class Commander:
    """Somebody who commands, and waits for what comes of it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._key = key.required(short(Path("/nowhere"), control_key=SecretStr(TEXT)))
        self.fingerprint = key.fingerprint(self._key)

    def hosts(self, count: int = 1, **having: object) -> list[Report]:
        """Once so many processes that are such have announced themselves."""
        found: list[Report] = []

        def are_there() -> bool:
            nonlocal found
            found = [one for one in hosts.read(self.client) if having.items() <= one.model_dump().items()]
            return len(found) >= count

        eventually(are_there)
        return found

    def send(self, target: str, kind: Kind, exchange: str | None = None, **arguments: object) -> str:
        served = {one.target: one.exchange_name for one in hosts.read(self.client)}
        name = exchange or served.get(target)
        command = Command(target, kind, "ada@example.net", "Ada", exchange_name=name, arguments=arguments)
        return channel.send(self.client, self._key, command)

    def until(self, target: str, command_id: str, is_so: Callable[[Outcome], bool], seconds: float = 15) -> Outcome:
        told: Outcome | None = None

        def is_there() -> bool:
            nonlocal told
            told = channel.outcome(self.client, target, command_id)
            return told is not None and is_so(told)

        eventually(is_there, seconds)
        assert told is not None
        return told

    def end(self, target: str, kind: Kind, exchange: str | None = None, **arguments: object) -> Outcome:
        """Send it, and what came of it in the end."""
        return self.until(target, self.send(target, kind, exchange, **arguments), lambda told: told.is_final)


@pytest.fixture
def commander(real_store: str, reader: redis.Redis) -> Commander:
    return Commander(connect(real_store, timeout=2, name="commander"))


def eventually(is_so: Callable[[], bool], seconds: float = 15) -> None:
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)

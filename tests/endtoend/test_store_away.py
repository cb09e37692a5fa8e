"""The store is away for a while, under the settings that a site has: what happened before and after still arrives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.store import Client, connect
from tests.commands.running import Site, eventually
from tests.endtoend.conftest import held, writer
from tests.endtoend.receiver import Receiver
from tests.redis_process import RedisProcess


@pytest.fixture
def own_client(own_server: RedisProcess) -> Iterator[Client]:
    with connect(own_server.url, timeout=5, name="test") as client:
        yield client


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.long)])
def test_what_happened_before_and_after_arrives_once_and_in_order(
    seconds: float, tmp_path: Path, own_server: RedisProcess, own_client: Client, receiver: Receiver
) -> None:
    site = Site(tmp_path / "home", PERSEUS_REDIS_URL=own_server.url, PERSEUS_PLUGIN_WEBHOOK_URL=receiver.url)
    assert site.run("init").returncode == 0
    write_event = writer(own_client)
    with site.start("dispatch") as dispatch:
        held(own_client, "webhook")
        written = [write_event(at) for at in range(3)]
        own_server.freeze()
        time.sleep(seconds)
        own_server.thaw()
        written += [write_event(at) for at in range(3, 6)]
        eventually(lambda: written[-1] in told(receiver), 60)
        assert dispatch.process.poll() is None
    assert list(dict.fromkeys(told(receiver))) == written
    assert all(body["possibleRepeat"] for body in again(receiver))


def told(receiver: Receiver) -> list[str]:
    """Event ids as they arrived."""
    return [event["eventId"] for request in list(receiver.requests) for event in request.body["events"]]


def again(receiver: Receiver) -> list[dict[str, bool]]:
    """What was told before."""
    seen: set[str] = set()
    repeats = []
    for request in list(receiver.requests):
        names = {event["eventId"] for event in request.body["events"]}
        if names & seen:
            repeats.append(request.body)
        seen |= names
    return repeats

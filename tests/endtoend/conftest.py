"""A site on a store of the test's own, with a folder for plugins and something that receives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, ActivityLog, Entry
from perseus.notify.told.standing import SINCE
from perseus.store import Client, connect
from tests.commands.running import Site, eventually
from tests.endtoend.receiver import Receiver, receiving

COINBASE = Exchange(1, "coinbase", "Coinbase Advanced Trade")
MANIFEST = """\
from perseus import Manifest, hookimpl


@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2")


"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def store_client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def plugins_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


@pytest.fixture
def plugin(plugins_dir: Path) -> Callable[[str, str], None]:
    """Writes one plugin of the folder: a manifest, then this source."""

    def write(name: str, source: str) -> None:
        (plugins_dir / f"{name}.py").write_text(MANIFEST + source)

    return write


@pytest.fixture
def site(tmp_path: Path, real_store: str, plugins_dir: Path) -> Site:
    made = Site(tmp_path / "home", PERSEUS_REDIS_URL=real_store, PERSEUS_PLUGINS_DIR=str(plugins_dir))
    assert made.run("init").returncode == 0
    return made


@pytest.fixture
def write_event(store_client: Client) -> Callable[[int], str]:
    """A writer in the test's own store."""
    return writer(store_client)


def writer(client: Client) -> Callable[[int], str]:
    """Appends one transition of coinbase, as an instance does; gives its event id."""
    log = ActivityLog(client, COINBASE, 1_000)
    walk = ("idle", "starting", "warming", "active")

    def write(at: int) -> str:
        fields = {
            "timestamp": "2026-01-01T00:00:00.000Z",
            "exchangeId": "1",
            "exchangeName": "coinbase",
            "hostname": "ingest-1",
            "ip": "203.0.113.1",
            "adminEmail": "ada@example.org",
            "instanceId": "ingest-1-1",
            "fencingToken": "1",
            "fromState": walk[at % 3],
            "toState": walk[at % 3 + 1],
            "reason": "the feed is ready",
        }
        event_id = f"{at:032x}"
        log.append(Entry(TRANSITION, event_id, "1", fields))
        return event_id

    return write


def held(client: Client, *destinations: str) -> None:
    """Wait until a dispatcher sends for these and has noted where each log begins for them.

    Not for the lease alone: what happens between the two is past to a new destination.
    """
    for destination in destinations:
        eventually(lambda: client.hget(keys.destination(destination, "cursor"), SINCE))  # noqa: B023 - called at once

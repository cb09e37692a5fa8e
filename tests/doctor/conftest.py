"""Sites that are well, for a test to plant one fault in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.clock import Clock, SystemClock
from perseus.db import diagnosis
from perseus.doctor.examination import examine
from perseus.doctor.finding import Finding, Report, Severity
from perseus.doctor.site import DatabaseFacts, Site
from perseus.pluginhost.info import PluginInfo
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.databases import made_in
from tests.redis_process import RedisProcess

WELL = {"maxmemory": "0", "maxmemory-policy": "noeviction", "appendonly": "yes"}


class Practice:
    """One site: settings, database and plugins, all of which a test may change before it examines."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.home = home
        self.settings: Settings = short(home, redis_url=SecretStr(url))
        self.database_url = made_in(home)
        self.database: Callable[[], DatabaseFacts] = self._facts
        self.plugins: tuple[PluginInfo, ...] = ()
        with connect(url, timeout=2, name="test") as client:
            client.set(keys.INITIALISED, "kept")

    def examine(self, clock: Clock | None = None) -> Report:
        site = Site(lambda: self.database(), lambda: self.plugins)
        return examine(self.settings, self.url, site, clock or SystemClock())

    def finds(self, name: str, severity: Severity = Severity.GRAVE) -> Finding:
        """The one finding of that name, and no other of that severity."""
        report = self.examine()
        (found,) = [one for one in report.findings if one.name == name]
        assert found.severity is severity
        assert name not in report.fine
        return found

    def change(self, **changes: object) -> None:
        self.settings = self.settings.model_copy(update=changes)

    def _facts(self) -> DatabaseFacts:
        return diagnosis.facts(self.database_url, Sealer.of(self.settings))


@pytest.fixture
def practice(own_server: RedisProcess, tmp_path: Path) -> Practice:
    """On one server, without a fault."""
    return Practice(own_server.url, tmp_path / "home")


@pytest.fixture(scope="module")
def lasting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One server for tests that put back what they change of it; use `lasting`."""
    folder = tmp_path_factory.mktemp("lasting")
    server = RedisProcess(folder, "--appendonly", "yes", "--appendfsync", "always")
    yield server.start()
    server.kill()


@pytest.fixture
def lasting(lasting_server: RedisProcess, tmp_path: Path) -> Practice:
    """On that server, emptied, its configuration as it began."""
    with lasting_server.client() as client:
        client.flushall()
        for name, value in WELL.items():
            client.config_set(name, value)
    return Practice(lasting_server.url, tmp_path / "home")


@pytest.fixture
def on_cluster(cluster_store: str, tmp_path: Path) -> Practice:
    """On a Cluster of three nodes without replicas. What is changed there must be put back."""
    return Practice(cluster_store, tmp_path / "home")

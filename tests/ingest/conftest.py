"""Feeds that a test drives, and an exchange to put them on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from perseus.plugins import registry
from perseus.plugins.registry.public_ip import PublicIp
from perseus.settings import Settings
from tests.conftest import short
from tests.databases import made_in
from tests.ingest.running import ROOT, Start
from tests.ingest.test_capture import BINANCE, written
from tests.plugins.shelf import shelf

__all__ = ["shelf"]


@pytest.fixture(autouse=True)
def _no_public_ip_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry looks it up once a process; a test begins with a process that has not."""
    monkeypatch.setattr(registry, "public_ip", PublicIp())


@pytest.fixture
def site(tmp_path: Path, real_store: str) -> Settings:
    """Settings of a process on a real store and a database of its own, which asks nobody on the internet."""
    home = tmp_path / "home"
    home.mkdir()
    made_in(home)
    return short(home, redis_url=SecretStr(real_store), public_ip_services=())


@pytest.fixture
def site_environment(site: Settings) -> dict[str, str]:
    """The same as environment variables, for a process of its own; the lease has its ordinary length."""
    assert site.redis_url is not None
    return {
        "PERSEUS_HOME": str(site.home),
        "PERSEUS_REDIS_URL": site.redis_url.get_secret_value(),
        "PERSEUS_PUBLIC_IP_SERVICES": "",
    }


@pytest.fixture
def start(site_environment: dict[str, str]) -> Iterator[Start]:
    """Starts Python with these arguments next to the store; ends what a test leaves."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path, **changes: str) -> subprocess.Popen[str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PERSEUS_")}
        environment = {**outside, **site_environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **changes}
        command = [sys.executable, *map(str, arguments)]
        started.append(
            subprocess.Popen(
                command, env=environment, stderr=subprocess.PIPE, text=True, cwd=environment["PERSEUS_HOME"]
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def reader(real_store: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(real_store, decode_responses=True) as reader:
        yield reader


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return written(tmp_path, BINANCE)

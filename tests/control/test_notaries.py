"""Whatever runs anyway writes down the ends that nobody else does: an ingest process, the web, a dispatcher."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus import db
from perseus.control import audited, channel
from perseus.control.command import Command, Kind
from perseus.ingest.commands import announcing
from perseus.ingest.commands.agent import Agent
from perseus.store import Client
from perseus.web import create_app
from tests.conftest import short
from tests.control.conftest import eventually
from tests.control.desk import KEY, client, desk, start, store_url
from tests.control.desk import audited as entries

__all__ = ["client", "desk", "start", "store_url"]

GONE = Command("gone-1-00000001", Kind.CHECK, "ada@example.net", exchange_name="binance")
EXPIRED = [("ada@example.net", "control: check", "refused")]


@pytest.fixture
def untaken(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A command that expired, and whoever looks believes it at once."""
    monkeypatch.setattr(audited, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(audited, "EVERY_SECONDS", 0)
    monkeypatch.setattr(announcing, "REPORT_SECONDS", 0.1)
    channel.send(client, KEY, GONE, life_ms=-channel.LATE_MS - 1)
    return client


@pytest.fixture
def leaving(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What would be done at the end of a web process is done at the end of the test."""
    ends: list[tuple[Callable[..., object], tuple[object, ...]]] = []
    monkeypatch.setattr(atexit, "register", lambda end, *arguments: ends.append((end, arguments)))
    yield
    for end, arguments in ends:
        end(*arguments)


def test_the_next_ingest_process_does(untaken: Client, start: Callable[[str], Agent], store_url: str) -> None:
    start(store_url)
    eventually(lambda: entries(untaken) == EXPIRED)


@pytest.mark.usefixtures("leaving")
def test_the_web_does_though_no_page_is_asked_for(untaken: Client, store_url: str, tmp_path: Path) -> None:
    url = db.default_url(tmp_path)
    db.initialise(url)
    create_app(short(tmp_path, redis_url=store_url, database_url=url))
    eventually(lambda: entries(untaken) == EXPIRED)

"""Faults around the store: database, dispatcher, plugins, clocks, times, the host. Each on a real store."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from perseus import db, keys
from perseus.clock import SystemClock
from perseus.db import notifying
from perseus.doctor import host
from perseus.doctor.catalogue import CATALOGUE
from perseus.doctor.finding import Severity
from perseus.doctor.site import DatabaseFacts
from perseus.network.exchange import Exchange
from perseus.network.joining import join
from perseus.notify.configuration import Destination
from perseus.pluginhost.info import PluginInfo, PluginState
from perseus.sealing import Sealer
from perseus.store import connect
from perseus.version import VERSION
from tests.databases import SHARED
from tests.doctor.conftest import Practice
from tests.instances import IDENTITY
from tests.postgres import PostgresProcess

WARNING = Severity.WARNING
COINBASE = Exchange(1, "coinbase", "Coinbase")


def changed(practice: Practice, statement: str) -> None:
    with sqlite3.connect(db.where(practice.database_url)) as connection:
        connection.execute(statement)
    connection.close()


def test_a_database_that_lacks_a_table_is_found(lasting: Practice) -> None:
    changed(lasting, "DROP TABLE silences")
    found = lasting.finds("database-schema")
    assert "silences" in found.seen
    assert found.where == (db.where(lasting.database_url),)
    assert found.commands == ("perseus init",)
    assert str(lasting.home) not in str(found.as_json(with_places=False))


def test_a_column_that_is_missing_is_told_with_the_line_that_adds_it(lasting: Practice) -> None:
    changed(lasting, "ALTER TABLE silences DROP COLUMN ended_by")
    (line,) = lasting.finds("database-schema").commands
    assert line.endswith('"ALTER TABLE silences ADD COLUMN ended_by VARCHAR(200)"')
    subprocess.run(line, shell=True, check=True)
    assert "database-schema" not in [one.name for one in lasting.examine().findings]


def test_an_index_that_is_missing_is_told_with_the_line_that_adds_it(lasting: Practice) -> None:
    changed(lasting, "DROP INDEX user_exchanges_default_key")
    found = lasting.finds("database-schema")
    assert "user_exchanges lacks UNIQUE INDEX (user_id) WHERE is_default" in found.seen
    (line,) = found.commands
    subprocess.run(line, shell=True, check=True)
    assert "database-schema" not in [one.name for one in lasting.examine().findings]


def test_a_database_that_is_not_there_is_found_without_its_path(lasting: Practice) -> None:
    Path(db.where(lasting.database_url)).unlink()
    found = lasting.finds("database-schema")
    assert "not there" in found.seen
    assert found.commands == ("perseus init",)
    assert str(lasting.home) not in found.seen


def test_a_silent_database_ends_with_2_and_the_store_is_examined_all_the_same(lasting: Practice) -> None:
    lasting.database = lambda: DatabaseFacts("connection refused", is_silent=True)
    report = lasting.examine()
    assert report.unasked == ("database",)
    assert report.exit_code == 2
    assert [one.name for one in report.findings] == ["database-silent"]
    assert "database-schema" not in report.fine
    assert "eviction-policy" in report.fine


def test_a_database_that_refuses_the_password_is_not_called_silent(
    lasting: Practice, postgres_server: PostgresProcess
) -> None:
    wrong = make_url(postgres_server.url(SHARED)).set(password="wrong")
    lasting.database_url = wrong.render_as_string(hide_password=False)
    found = lasting.finds("database-refused")
    assert found.seen == "It does not let this user in. Check user and password in PERSEUS_DATABASE_URL."
    assert "not answer" not in found.title
    assert found.where == (f"127.0.0.1:{postgres_server.port}/{SHARED}",)
    assert str(postgres_server.port) not in str(found.as_json(with_places=False))
    report = lasting.examine()
    assert (report.unasked, report.exit_code) == (("database",), 2)
    assert [one.name for one in report.findings] == ["database-refused"]
    assert not {"database-silent", "database-schema"} & {one.name for one in report.findings}
    assert "database-schema" not in report.fine


def test_what_does_not_fit_is_mended_by_the_page_that_says_how() -> None:
    for name in ("database-schema", "database-refused"):
        assert "docs/database.md" in CATALOGUE[name].mend


def test_a_database_without_an_active_exchange_is_found(lasting: Practice) -> None:
    changed(lasting, "UPDATE exchanges SET is_active = false")
    off = lasting.finds("no-exchanges", WARNING)
    assert off.seen == "6 exchanges, all switched off."
    assert off.commands[0].startswith("sqlite3 ")
    changed(lasting, "DELETE FROM exchanges")
    assert lasting.finds("no-exchanges", WARNING).commands == ("perseus init",)


def test_destinations_without_a_dispatcher_are_found(lasting: Practice) -> None:
    assert "no-dispatcher" not in lasting.examine().fine
    destination = Destination("ops", "log", {})
    notifying.save_destination(lasting.database_url, Sealer.of(lasting.settings), destination, "test")
    found = lasting.finds("no-dispatcher")
    assert found.seen == "1 destination waits."
    assert found.commands == ("perseus dispatch",)
    notifying.set_paused(lasting.database_url, destination, True, "test")
    assert "no-dispatcher" not in [one.name for one in lasting.examine().findings]


def test_a_plugin_that_failed_is_found_here_and_where_a_dispatcher_says_so(lasting: Practice) -> None:
    lasting.plugins = (PluginInfo("pager", "plugins/pager.py", PluginState.FAILED, "ImportError: no pager"),)
    told = '{"worker": "w", "atMs": %d, "plugins": [{"name": "siren", "state": "invalid", "reason": "no name"}]}'
    with connect(lasting.url, timeout=2, name="test") as client:
        client.hset(keys.DISPATCHERS, "w", told % (client.time()[0] * 1000))
    seen = lasting.finds("plugin-failed").seen
    assert seen == "pager is failed: ImportError: no pager. siren is invalid: no name."


class Off(SystemClock):
    """A host's clock that is some milliseconds off."""

    def __init__(self, off_ms: int) -> None:
        self.off_ms = off_ms

    def wall_ms(self) -> int:
        return super().wall_ms() + self.off_ms


@pytest.mark.parametrize(("off_ms", "said"), [(5_000, "5.0 s ahead of"), (-90_000, "90.0 s behind")])
def test_a_host_whose_clock_is_off_is_found(lasting: Practice, off_ms: int, said: str) -> None:
    (found,) = [one for one in lasting.examine(Off(off_ms)).findings if one.name == "clock-skew"]
    assert found.seen == f"this host is {said} the store."


def test_an_instance_with_other_times_another_version_and_a_clock_that_is_off_is_found(lasting: Practice) -> None:
    settings, key = lasting.settings, keys.status(COINBASE.id)
    lasting.change(heartbeat_seconds=0.6)
    with connect(lasting.url, timeout=2, name="test") as client:
        with join(COINBASE, settings, lambda name: connect(lasting.url, timeout=1, name=name), IDENTITY):
            payload = json.loads(str(client.get(key)))
        client.set(key, json.dumps({**payload, "version": "9.9", "clockSkewMs": 40_000}), px=2_000)
    report = lasting.examine()
    assert {one.name: one.seen for one in report.findings} == {
        "clock-skew": "host-a is 40.0 s ahead of the store.",
        "times-differ": "heartbeat / TTL here: 0.6 / 2.4 s; coinbase 0.7 / 2.4 s.",
        "versions-differ": f"This one is {VERSION}; there also runs 9.9.",
    }


def test_a_full_disk_is_found(lasting: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_full(blocks: int) -> None:
        found = os.statvfs_result((4096, 4096, 10_000_000, blocks, blocks, 0, 0, 0, 0, 255))
        monkeypatch.setattr(host.os, "statvfs", lambda path: found)

    nearly_full(100_000)
    assert lasting.finds("disk-space", WARNING).seen == "391 of 39,062 MiB are free."
    nearly_full(10_000)
    lasting.finds("disk-space")


def test_a_home_that_may_not_be_written_is_found(lasting: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.os, "access", lambda path, mode: False)
    lasting.finds("home")


def test_a_key_that_others_may_read_is_found_without_its_path(lasting: Practice) -> None:
    assert "secret-key" in lasting.examine().fine
    Sealer.of(lasting.settings).ready()
    (lasting.home / "secret.key").chmod(0o644)
    found = lasting.finds("secret-key")
    assert "secret.key can be read by others" in found.seen
    assert str(lasting.home) not in str(found.as_json(with_places=False))
    (line,) = found.commands
    assert line == f"chmod 600 {lasting.home.resolve() / 'secret.key'}"
    subprocess.run(line, shell=True, check=True)
    assert "secret-key" in lasting.examine().fine

"""A site that an earlier version made gets the tables of notifications and of access, and keeps what it has."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.schema import CreateTable

from perseus import db
from perseus.db.engine import engine
from perseus.db.models import ExchangeRow
from tests.databases import execute


@pytest.fixture
def older(tmp_path: Path) -> str:
    """A database as version 0.1 left it, with one exchange that is not among the seeds."""
    url = db.default_url(tmp_path)
    with engine(url).begin() as connection:
        connection.execute(CreateTable(ExchangeRow.__table__))
        connection.exec_driver_sql("insert into exchanges (id, name, display_name) values (2000, 'own', 'Own')")
    return url


def names(home: Path) -> set[str]:
    connection = sqlite3.connect(home / "perseus.db")
    found = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    connection.close()
    return {name for (name,) in found}


def test_init_makes_the_tables_that_an_older_sqlite_file_lacks(older: str, tmp_path: Path) -> None:
    assert names(tmp_path) == {"exchanges"}
    db.initialise(older)
    of_notifications = {"destinations", "notify_settings", "silences", "plugin_switches"}
    of_access = {"users", "sessions", "api_tokens", "sign_in_links"}
    of_setup = {"user_exchanges", "watched_symbols"}
    assert names(tmp_path) == {"exchanges"} | of_notifications | of_access | of_setup
    assert "own" in [exchange.name for exchange in db.exchanges(older)]


def test_init_makes_an_index_that_a_file_lacks(tmp_path: Path) -> None:
    url = db.default_url(tmp_path)
    db.initialise(url)
    execute(url, "DROP INDEX user_exchanges_default_key")
    with pytest.raises(db.DatabaseMismatch, match="user_exchanges lacks UNIQUE INDEX"):
        db.check(url)
    db.initialise(url)


def test_until_then_a_start_is_refused_with_every_table_by_name(older: str) -> None:
    said = "no tables 'destinations', 'notify_settings', 'plugin_switches', 'silences', 'users', .*. Run `perseus init`"
    with pytest.raises(db.DatabaseMismatch, match=said):
        db.check(older)


@pytest.mark.parametrize("name", ["Kraken", "-x", "_x", "a b", "", "a/b", "{a}", "é"])
def test_the_database_refuses_an_id_that_no_key_may_carry(tmp_path: Path, name: str) -> None:
    db.initialise(db.default_url(tmp_path))
    connection = sqlite3.connect(tmp_path / "perseus.db")
    try:
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            connection.execute("insert into destinations (id, kind) values (?, 'log')", (name,))
        connection.execute("insert into destinations (id, kind) values ('a-1_b', 'log')")
    finally:
        connection.close()

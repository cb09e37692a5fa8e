"""The database on SQLite: made once, seeded, read, and told plainly when it does not fit."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from perseus import db
from perseus.db.models import ExchangeRow
from perseus.db.seed import SEEDS
from perseus.errors import EXIT_CONFIG
from perseus.network.exchange import Exchange


@pytest.fixture
def url(tmp_path: Path) -> str:
    return db.default_url(tmp_path)


def change(home: Path, statement: str) -> None:
    connection = sqlite3.connect(home / "perseus.db")
    with connection:
        connection.execute(statement)
    connection.close()


def rows(home: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(home / "perseus.db")
    found = connection.execute(statement).fetchall()
    connection.close()
    return found


def test_a_new_database_has_the_six_exchanges_and_three_are_active(url: str, tmp_path: Path) -> None:
    assert db.initialise(url) == 6
    assert db.exchanges(url) == (
        Exchange(1, "coinbase", "Coinbase Advanced Trade"),
        Exchange(2, "binance", "Binance"),
        Exchange(3, "binance_us", "Binance US"),
    )
    assert rows(tmp_path, "select id, name from exchanges order by id") == [
        (1, "coinbase"), (2, "binance"), (3, "binance_us"), (4, "kraken"), (5, "kucoin"), (6, "mexc"),
    ]  # fmt: skip


def test_a_second_initialise_changes_nothing(url: str, tmp_path: Path) -> None:
    db.initialise(url)
    before = rows(tmp_path, "select * from exchanges")
    assert db.initialise(url) == 0
    assert rows(tmp_path, "select * from exchanges") == before


def test_facts_are_brought_up_to_date_and_the_switch_stays(url: str, tmp_path: Path) -> None:
    db.initialise(url)
    change(tmp_path, "update exchanges set is_active = 1, rest_url = 'https://old.example' where name = 'kraken'")
    change(tmp_path, "update exchanges set is_active = 0 where name = 'coinbase'")
    db.initialise(url)
    assert rows(tmp_path, "select rest_url from exchanges where name = 'kraken'") == [("https://api.kraken.com",)]
    assert [exchange.name for exchange in db.exchanges(url)] == ["binance", "binance_us", "kraken"]


def test_a_seed_whose_id_is_taken_gets_another(url: str, tmp_path: Path) -> None:
    db.initialise(url)
    change(tmp_path, "delete from exchanges where name in ('coinbase', 'mexc')")
    change(tmp_path, "insert into exchanges (id, name, display_name) values (1, 'own', 'Own')")
    assert db.initialise(url) == 2
    names = {exchange.name: exchange.id for exchange in db.exchanges(url)}
    assert names["own"] == 1
    assert names["coinbase"] > 5


def test_eight_that_initialise_at_once_seed_once(url: str) -> None:
    added: list[int] = []
    threads = [threading.Thread(target=lambda: added.append(db.initialise(url))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [0] * 7 + [6]


@pytest.mark.parametrize("name", ["Kraken", "kra ken", "", "kraken/x", "krak\u00e9n"])
def test_the_database_refuses_a_name_that_no_key_may_carry(url: str, tmp_path: Path, name: str) -> None:
    db.initialise(url)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        change(tmp_path, f"insert into exchanges (name, display_name) values ('{name}', 'x')")


def test_a_name_that_slipped_in_is_named_with_what_to_do(url: str, tmp_path: Path) -> None:
    db.initialise(url)
    change(tmp_path, "pragma ignore_check_constraints = 1")
    connection = sqlite3.connect(tmp_path / "perseus.db")
    with connection:
        connection.execute("pragma ignore_check_constraints = 1")
        connection.execute("insert into exchanges (name, display_name) values ('BAD NAME', 'x')")
    connection.close()
    with pytest.raises(db.DatabaseMismatch, match="'BAD NAME'.*Correct that row"):
        db.exchanges(url)


def test_a_missing_file_is_not_made_by_reading(url: str, tmp_path: Path) -> None:
    for read in (db.check, db.exchanges):
        with pytest.raises(db.DatabaseMismatch, match="is not there yet. Run `perseus init`"):
            read(url)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_version_is_refused_by_the_column_it_lacks(url: str, tmp_path: Path) -> None:
    change(tmp_path, "create table exchanges (id integer primary key, name text)")
    with pytest.raises(db.DatabaseMismatch, match="exchanges lacks api_limits, created_at, display_name") as refused:
        db.initialise(url)
    assert refused.value.exit_code == EXIT_CONFIG


def test_an_empty_file_says_to_run_init(url: str, tmp_path: Path) -> None:
    (tmp_path / "perseus.db").touch()
    with pytest.raises(db.DatabaseMismatch, match="no tables 'destinations', 'exchanges', .* Run `perseus init`"):
        db.check(url)
    with pytest.raises(db.DatabaseMismatch, match="Run `perseus init`"):
        db.exchanges(url)


def test_a_file_that_is_no_database_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, not a database, and long enough to be read as a header " * 9)
    with pytest.raises(db.DatabaseMismatch, match=r"notes\.txt.*not a database"):
        db.check(f"sqlite:///{tmp_path}/notes.txt")


def test_a_locked_database_is_unavailable_not_broken(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.db.deadline.ANSWER_SECONDS", 0.1)
    db.initialise(url)
    connection = sqlite3.connect(tmp_path / "perseus.db", isolation_level=None)
    connection.execute("begin exclusive")
    try:
        with pytest.raises(db.DatabaseUnavailable, match="locked"):
            db.exchanges(url)
    finally:
        connection.close()


def test_a_home_with_odd_characters_is_one_file_in_it(tmp_path: Path) -> None:
    home = tmp_path / "a b?c%41#d"
    url = db.default_url(home)
    db.initialise(url)
    assert [path.name for path in home.iterdir()] == ["perseus.db"]
    assert db.where(url) == str(home / "perseus.db")


def test_seeds_fill_every_column_that_a_person_would_have_to_look_up() -> None:
    own = {"created_at", "updated_at"}
    assert all(set(seed) == {column.name for column in ExchangeRow.__table__.columns} - own for seed in SEEDS)

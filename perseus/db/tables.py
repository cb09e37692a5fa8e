"""What Perseus asks of its database: that the tables are there, seeded, and which exchanges are on."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, select
from sqlalchemy.schema import CreateTable

from perseus.db.engine import answers, engine, parse, where
from perseus.db.errors import DatabaseMismatch, DatabaseMissing, DatabaseUnavailable
from perseus.db.models import Base, ExchangeRow
from perseus.db.seed import sow, sow_rules
from perseus.network.exchange import Exchange

RUN_INIT = "Run `perseus init`."


def initialise(database_url: str) -> int:
    """Make what is missing: on SQLite the tables, everywhere the seed rows. Returns how many exchanges were added.

    Safe to repeat, and for two at once. Errors as `check`: a PostgreSQL schema is compared, never made.
    """
    url = parse(database_url)
    if url.get_backend_name() == "sqlite":
        _make_folder(database_url)
        _make_tables(database_url)
    check(database_url)
    with answers(database_url), engine(database_url).begin() as connection:
        _one_at_a_time(connection)
        sow_rules(connection)
        return sow(connection)


def check(database_url: str) -> None:
    """Raise DatabaseMismatch unless all tables and columns are there, DatabaseUnavailable for no usable answer."""
    _require_file(database_url)
    with answers(database_url):
        inspector = inspect(engine(database_url))
        there = {
            table: {column["name"] for column in inspector.get_columns(table)} for table in inspector.get_table_names()
        }
    absent = [repr(table.name) for table in Base.metadata.sorted_tables if table.name not in there]
    if absent:
        some = "tables" if len(absent) > 1 else "table"
        raise DatabaseMismatch(where(database_url), f"it has no {some} {', '.join(absent)}", _mend(database_url))
    for table in Base.metadata.sorted_tables:
        missing = sorted({column.name for column in table.columns} - there[table.name])
        if missing:
            listed = ", ".join(missing)
            raise DatabaseMismatch(where(database_url), f"{table.name} lacks {listed}", _mend(database_url))


def exchanges(database_url: str) -> tuple[Exchange, ...]:
    """The active exchanges, ordered by id. Errors as `check`; source: the table `exchanges`."""
    _require_file(database_url)
    wanted = select(ExchangeRow.id, ExchangeRow.name, ExchangeRow.display_name)
    with answers(database_url), engine(database_url).connect() as connection:
        rows = connection.execute(wanted.where(ExchangeRow.is_active).order_by(ExchangeRow.id)).all()
    try:
        return tuple(Exchange(row.id, row.name, row.display_name) for row in rows)
    except ValueError as error:
        raise DatabaseMismatch(where(database_url), str(error), "Correct that row of exchanges.") from None


def switched_off(database_url: str) -> tuple[str, ...]:
    """Names of the exchanges that are there but not active. Errors as `exchanges`."""
    with answers(database_url), engine(database_url).connect() as connection:
        names = connection.execute(select(ExchangeRow.name).where(ExchangeRow.is_active.is_(False)))
        return tuple(str(name) for (name,) in names)


def _make_folder(database_url: str) -> None:
    try:
        Path(where(database_url)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(where(database_url), str(error)) from None


def _make_tables(database_url: str) -> None:
    with answers(database_url), engine(database_url).begin() as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))


def _one_at_a_time(connection: Connection) -> None:
    """Two that seed together would both find a row missing; the second waits here for the first."""
    lock = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "LOCK TABLE exchanges IN SHARE ROW EXCLUSIVE MODE"}
    connection.exec_driver_sql(lock[connection.dialect.name])


def _require_file(database_url: str) -> None:
    """SQLite would make an empty file of a mistyped path and then report a missing table."""
    url = parse(database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise DatabaseMissing(where(database_url), RUN_INIT)


def _mend(database_url: str) -> str:
    if parse(database_url).get_backend_name() == "sqlite":
        return f"{RUN_INIT} If it says the same, the file is of another version: move it away first."
    return f"Apply {Path(__file__).with_name('schema.sql')} to it, then run `perseus init`."

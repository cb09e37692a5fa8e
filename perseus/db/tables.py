"""What Perseus asks of its database: that the tables are there, seeded, and which exchanges are on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.schema import CreateIndex, CreateTable

from perseus.db import rights
from perseus.db.comparison import differences
from perseus.db.engine import answers, engine
from perseus.db.errors import DatabaseMismatch, DatabaseMissing, DatabaseReadOnly, DatabaseUnavailable
from perseus.db.failures import RUN_INIT, mend
from perseus.db.models import Base, ExchangeRow
from perseus.db.seed import sow, sow_rules
from perseus.db.statements import command, lacking
from perseus.db.urls import is_sqlite, where
from perseus.exchanges.endpoints import Endpoints
from perseus.network.exchange import Exchange

#: Differences that a message names.
TOLD = 8


def initialise(database_url: str) -> int:
    """Make what is missing: on SQLite the tables, everywhere the seed rows. Returns how many exchanges were added.

    Safe to repeat, and for two at once. Errors as `check`: a PostgreSQL schema is compared, never made.
    """
    prepare(database_url)
    return seed(database_url)


def prepare(database_url: str) -> bool:
    """Make the tables that are missing on SQLite, and compare them. Is the site new: does it name no exchange yet?"""
    if is_sqlite(database_url):
        _make_folder(database_url)
        _make_tables(database_url)
    check(database_url)
    with answers(database_url), engine(database_url).connect() as connection:
        return connection.execute(select(ExchangeRow.id).limit(1)).first() is None


def seed(database_url: str) -> int:
    """Add the rows that are missing, all of them or none; returns how many exchanges that were."""
    with answers(database_url), engine(database_url).begin() as connection:
        _one_at_a_time(connection)
        sow_rules(connection)
        return sow(connection)


def check(database_url: str) -> None:
    """Raise DatabaseMismatch for tables that are not those of the models, with each difference, and on PostgreSQL for
    what its user may not; DatabaseUnavailable for no usable answer, DatabaseReadOnly for one in recovery, or set so.
    """
    _require_file(database_url)
    with answers(database_url), engine(database_url).connect() as connection:
        found = differences(connection)
        lines = lacking(connection, database_url) if found else ()
        hindrance = rights.hindrance(connection, is_whole=not found)
        read_only = rights.read_only(connection)
        schemas = rights.schemas(connection) if found else ()
    if hindrance is not None:
        line = [command(database_url, hindrance.statement)] if hindrance.statement else []
        raise DatabaseMismatch(where(database_url), hindrance.problem, hindrance.mend, commands=line)
    if found:
        more = [f"and {len(found) - TOLD} more"] if len(found) > TOLD else []
        problem = "; ".join((*found[:TOLD], *more)) + _in_schemas(schemas)
        raise DatabaseMismatch(where(database_url), problem, mend(database_url), found, lines)
    if read_only:
        raise DatabaseReadOnly(where(database_url), read_only)


def _in_schemas(schemas: Sequence[str]) -> str:
    """Said where it is not the one that everybody thinks of."""
    return "" if not schemas or schemas == ("public",) else f" (those that are there: in schema {', '.join(schemas)})"


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


def endpoints(database_url: str, exchange: Exchange) -> Endpoints:
    """Where this exchange is reached. Raises NoEndpoint; errors as `check`; source: the table `exchanges`."""
    wanted = select(ExchangeRow.ws_url, ExchangeRow.rest_url, ExchangeRow.supported_timeframes)
    with answers(database_url), engine(database_url).connect() as connection:
        row = connection.execute(wanted.where(ExchangeRow.id == exchange.id)).one()
    return Endpoints.of(exchange.name, row.ws_url, row.rest_url, tuple(row.supported_timeframes))


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
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def _one_at_a_time(connection: Connection) -> None:
    """Two that seed together would both find a row missing; the second waits here for the first."""
    lock = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "LOCK TABLE exchanges IN SHARE ROW EXCLUSIVE MODE"}
    connection.exec_driver_sql(lock[connection.dialect.name])


def _require_file(database_url: str) -> None:
    """SQLite would make an empty file of a mistyped path and then report a missing table."""
    if is_sqlite(database_url) and not Path(where(database_url)).exists():
        raise DatabaseMissing(where(database_url), RUN_INIT)

"""What brings a database to the tables of this version, as lines for a shell, made out of the models."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ClauseElement, Column, Connection, inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from perseus.db.models import Base
from perseus.db.urls import NAME, is_sqlite, where


def command(database_url: str, statement: str) -> str:
    """A statement for a shell. It says no password: that of a PostgreSQL is where the processes have it."""
    if is_sqlite(database_url):
        return f"sqlite3 {shlex.quote(where(database_url))} {quoted(statement)}"
    return f'psql "${NAME}" -c {quoted(statement)}'


def quoted(statement: str) -> str:
    """In double quotes where nothing in it means something to a shell."""
    return shlex.quote(statement) if any(sign in statement for sign in '"$`\\!') else f'"{statement}"'


def lacking(connection: Connection, database_url: str) -> tuple[str, ...]:
    """Lines that add the tables, columns and indexes that are missing. What else differs has to be changed by hand.

    On SQLite `perseus init` makes tables, and a column that must be filled cannot be added: that needs a new file.
    """
    return tuple(command(database_url, statement) for statement in _statements(connection))


def _statements(connection: Connection) -> Iterator[str]:
    found, dialect = inspect(connection), connection.dialect
    names, is_file = frozenset(found.get_table_names()), dialect.name == "sqlite"
    for table in Base.metadata.sorted_tables:
        if table.name not in names:
            made: list[Any] = [] if is_file else [CreateTable(table), *map(CreateIndex, table.indexes)]
            yield from (_line(one, dialect) for one in made)
            continue
        there = {column["name"] for column in found.get_columns(table.name)}
        columns: Iterable[Column[Any]] = table.columns
        for column in columns:
            if column.name not in there and not (is_file and _must_be_filled(column)):
                yield f"ALTER TABLE {table.name} ADD COLUMN {CreateColumn(column).compile(dialect=dialect)}"
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                yield _line(CreateIndex(index), dialect)


def _line(made: ClauseElement, dialect: Dialect) -> str:
    return " ".join(str(made.compile(dialect=dialect)).split())


def _must_be_filled(column: Column[Any]) -> bool:
    default = getattr(column.server_default, "arg", None)
    return not column.nullable and (default is None or "now" in str(default))

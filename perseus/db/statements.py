"""What brings a database to the tables of this version, as lines for a shell, made out of the models."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ClauseElement, Column, Connection, Table, inspect, literal, select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from perseus.db import rights
from perseus.db.comparison import fills_itself, written
from perseus.db.models import Base
from perseus.db.urls import NAME, is_sqlite, where

INIT = "perseus init"
#: Stands in a line for what rows that are there shall have in a column that is new.
NEW_VALUE = "NEW_VALUE"
TEXTS, NUMBERS = ("varchar", "char", "text"), ("smallint", "integer", "bigint")


def command(database_url: str, statement: str) -> str:
    """A statement for a shell. It says no password: that of a PostgreSQL is where the processes have it."""
    if is_sqlite(database_url):
        return f"sqlite3 {shlex.quote(where(database_url))} {quoted(statement)}"
    return f'psql "${NAME}" -c {quoted(statement)}'


def quoted(statement: str) -> str:
    """In double quotes where nothing in it means something to a shell."""
    return shlex.quote(statement) if any(sign in statement for sign in '"$`\\!') else f'"{statement}"'


def lacking(connection: Connection, database_url: str) -> tuple[str, ...]:
    """Lines that add the tables, columns and indexes that are missing, and change columns that are there.

    Keys, references and conditions have to be changed by hand.

    On SQLite `perseus init` makes tables, and a column that must be filled cannot be added: that needs a new file.
    """
    lines = tuple(command(database_url, statement) for statement in _statements(connection))
    if not is_sqlite(database_url) or Base.metadata.tables.keys() <= set(inspect(connection).get_table_names()):
        return lines
    return INIT, *lines


def _statements(connection: Connection) -> Iterator[str]:
    found, dialect = inspect(connection), connection.dialect
    names, is_file = frozenset(found.get_table_names()), dialect.name == "sqlite"
    for table in Base.metadata.sorted_tables:
        if table.name not in names:
            made: list[Any] = [] if is_file else [CreateTable(table), *map(CreateIndex, table.indexes)]
            yield from (_line(one, dialect) for one in made)
            if not is_file:
                yield from _given(table, connection)
            continue
        there = {column["name"]: column for column in found.get_columns(table.name)}
        columns: Iterable[Column[Any]] = table.columns
        for column in columns:
            if column.name not in there:
                yield from _added(column, connection)
            elif not is_file:
                yield from _changed(column, there[column.name], dialect)
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                yield _line(CreateIndex(index), dialect)


def _given(table: Table, connection: Connection) -> Iterator[str]:
    """What is made belongs to who makes it: the rights of the role that asks."""
    yield f"GRANT {', '.join(rights.NEEDED)} ON {table.name} TO {connection.execute(rights.ROLE).scalar()}"


def _added(column: Column[Any], connection: Connection) -> Iterator[str]:
    """With rows there that nothing fills, in three steps: NEW_VALUE is for who knows what they should say."""
    dialect = connection.dialect
    whole = str(CreateColumn(column).compile(dialect=dialect))
    alter = f"ALTER TABLE {column.table.name}"
    if dialect.name == "sqlite":
        if not _must_be_filled(column):
            yield f"{alter} ADD COLUMN {whole}"
        return
    if column.nullable or column.server_default is not None or not _has_rows(column.table, connection):
        yield f"{alter} ADD COLUMN {whole}"
        return
    yield f"{alter} ADD COLUMN {column.name} {column.type.compile(dialect=dialect)}"
    yield f"UPDATE {column.table.name} SET {column.name} = {NEW_VALUE} WHERE {column.name} IS NULL"
    yield f"{alter} ALTER {column.name} SET NOT NULL"


def _changed(column: Column[Any], found: Mapping[str, Any], dialect: Dialect) -> Iterator[str]:
    """Of a column that is there. Values that do not fit make the database refuse the line: none is cut."""
    alter = f"ALTER TABLE {column.table.name} ALTER {column.name}"
    wanted, is_there = written(column.type, dialect), written(found["type"], dialect)
    if wanted != is_there:
        yield f"{alter} TYPE {column.type.compile(dialect=dialect)}{_using(column.name, wanted, is_there)}"
    if column.nullable != found["nullable"]:
        yield f"{alter} {'DROP' if column.nullable else 'SET'} NOT NULL"
    default = getattr(column.server_default, "arg", None)
    if default is not None and column.identity is None and not fills_itself(found):
        yield f"{alter} SET DEFAULT {default if isinstance(default, ClauseElement) else repr(default)}"


def _using(name: str, wanted: str, is_there: str) -> str:
    """How values become those of the other type, where PostgreSQL does not know by itself."""
    if wanted == "timestamp with time zone" and is_there == "timestamp without time zone":
        return f" USING {name} AT TIME ZONE 'UTC'"
    is_alike = any(wanted.startswith(kind) and is_there.startswith(kind) for kind in (TEXTS, NUMBERS))
    return "" if is_alike else f" USING CAST({name} AS {wanted})"


def _has_rows(table: Any, connection: Connection) -> bool:
    """As long as nobody says that there are none."""
    try:
        with connection.begin_nested():
            return connection.execute(select(literal(1)).select_from(table).limit(1)).first() is not None
    except DBAPIError:
        return True


def _line(made: ClauseElement, dialect: Dialect) -> str:
    return " ".join(str(made.compile(dialect=dialect)).split())


def _must_be_filled(column: Column[Any]) -> bool:
    default = getattr(column.server_default, "arg", None)
    return not column.nullable and (default is None or "now" in str(default))

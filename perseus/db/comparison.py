"""What a database lacks of the tables that this version needs, difference by difference.

What others added is theirs: tables, indexes, constraints and columns, but for a column that must be filled and that
Perseus does not know of. Which order columns have and what constraints are called does not matter.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import CheckConstraint, Column, Connection, Index, Inspector, Table, UniqueConstraint, inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import CompileError, SAWarning
from sqlalchemy.types import TypeEngine

from perseus.db.models import Base

TEXT = re.compile(r"'((?:[^']|'')*)'")
#: A default that gives every row the same id.
NUMBER = re.compile(r"[('\s]*-?\d+.*")
COLLATION = re.compile(r' collate ".*?"')

Facts = Mapping[str, Any]
#: Columns of an index, whether it is unique, of which rows.
Shape = tuple[tuple[str | None, ...], bool, str]


def differences(connection: Connection) -> tuple[str, ...]:
    """Each as a clause, () for none. Tables that are missing come first, all in one."""
    there = _There(inspect(connection), connection.dialect)
    absent = [repr(table.name) for table in Base.metadata.sorted_tables if table.name not in there.names]
    tables = [table for table in Base.metadata.sorted_tables if table.name in there.names]
    first = [f"it has no {'tables' if len(absent) > 1 else 'table'} {', '.join(absent)}"] if absent else []
    return (*first, *(said for table in tables for said in there.lacks(table)))


class _There:
    """The tables that are there."""

    def __init__(self, inspector: Inspector, dialect: Dialect) -> None:
        self.names = frozenset(inspector.get_table_names())
        self._dialect = dialect
        wanted = [table.name for table in Base.metadata.sorted_tables if table.name in self.names]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of a type that SQLAlchemy does not know: it is told below
            self._columns = _by_name(inspector.get_multi_columns, wanted)
        self._keys = _by_name(inspector.get_multi_pk_constraint, wanted)
        self._uniques = _by_name(inspector.get_multi_unique_constraints, wanted)
        self._foreign = _by_name(inspector.get_multi_foreign_keys, wanted)
        self._indexes = _by_name(inspector.get_multi_indexes, wanted)
        self._checks = _by_name(inspector.get_multi_check_constraints, wanted)

    def lacks(self, table: Table) -> Iterator[str]:
        found = {column["name"]: column for column in self._columns[table.name]}
        missing = sorted({column.name for column in table.columns} - found.keys())
        if missing:
            yield f"{table.name} lacks {', '.join(missing)}"
        for column in table.columns:
            if column.name in found:
                yield from (f"{table.name}.{column.name} {said}" for said in self._column(column, found[column.name]))
        yield from (f"{table.name}.{name} {UNKNOWN}" for name in sorted(_burdens(table, found)))
        yield from (f"{table.name} lacks {rule}" for rule in self._rules(table))

    def _column(self, column: Column[Any], found: Facts) -> Iterator[str]:
        wanted, is_there = written(column.type, self._dialect), written(found["type"], self._dialect)
        if wanted != is_there:
            yield f"is {is_there} and must be {wanted}"
        if bool(column.nullable) != found["nullable"]:
            yield "must allow NULL" if column.nullable else "must be NOT NULL"
        if column.server_default is not None and column.identity is None and not fills_itself(found):
            yield "must have a DEFAULT"
        if column.identity is not None and self._dialect.name == "postgresql":
            yield from _numbering(column.identity.start or 1, found)

    def _rules(self, table: Table) -> Iterator[str]:
        name = table.name
        key = [column.name for column in table.primary_key]
        if set(self._keys[name]["constrained_columns"]) != set(key):
            yield f"PRIMARY KEY ({', '.join(key)})"
        unique = _sets(self._uniques[name]) + [set(one["column_names"]) for one in self._indexes[name] if _all(one)]
        for columns in (_names(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)):
            if set(columns) not in unique:
                yield f"UNIQUE ({', '.join(columns)})"
        indexed = [_shape(one) for one in self._indexes[name]]
        for index in table.indexes:
            _, is_unique, condition = wanted = _shape_of(index)
            if wanted not in indexed:
                some = f" WHERE {condition}" if condition else ""
                yield f"{'UNIQUE ' if is_unique else ''}INDEX ({', '.join(_names(index.columns))}){some}"
        yield from self._references(table)
        yield from self._conditions(table)

    def _references(self, table: Table) -> Iterator[str]:
        there = [
            (tuple(one["constrained_columns"]), one["referred_table"], tuple(one["referred_columns"]))
            for one in self._foreign[table.name]
        ]
        for one in table.foreign_key_constraints:
            own, other = _names(one.columns), one.referred_table.name
            theirs = tuple(element.column.name for element in one.elements)
            if (own, other, theirs) not in there:
                yield f"FOREIGN KEY ({', '.join(own)}) REFERENCES {other} ({', '.join(theirs)})"

    def _conditions(self, table: Table) -> Iterator[str]:
        """Databases write them anew; the texts in them stay as they were."""
        there = [_texts(one["sqltext"]) for one in self._checks[table.name]]
        for one in table.constraints:
            if isinstance(one, CheckConstraint) and one.info.get("dialect", self._dialect.name) == self._dialect.name:
                condition = str(one.sqltext)
                if _texts(condition) not in there:
                    yield f"CHECK ({condition})"


UNKNOWN = "must be filled and is not of Perseus: let it be null, or give it a DEFAULT"


def _by_name(read: Callable[..., Mapping[tuple[str | None, str], Any]], names: Collection[str]) -> dict[str, Any]:
    return {name: found for (_, name), found in read(filter_names=names).items()}


def written(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A type as this database writes it, in small letters."""
    try:
        return COLLATION.sub("", kind.compile(dialect=dialect).lower())
    except CompileError:
        return "of a type of others"


def _burdens(table: Table, found: Mapping[str, Facts]) -> set[str]:
    foreign = found.keys() - {column.name for column in table.columns}
    return {name for name in foreign if not found[name]["nullable"] and not fills_itself(found[name])}


def fills_itself(found: Facts) -> bool:
    """Does a column, as the database tells it, get a value where a row has none?"""
    return any(found.get(how) for how in ("default", "identity", "computed"))


def _numbering(start: int, found: Facts) -> Iterator[str]:
    identity = found.get("identity")
    if identity is None and (not fills_itself(found) or NUMBER.fullmatch(found.get("default") or "")):
        yield "must be GENERATED BY DEFAULT AS IDENTITY"
    elif identity and identity["always"]:
        yield "must be GENERATED BY DEFAULT, not ALWAYS"
    elif identity and identity["start"] < start:
        yield f"must be numbered from {start} on, not from {identity['start']}"


def _sets(constraints: Iterable[Facts]) -> list[set[str]]:
    return [set(one["column_names"]) for one in constraints]


def _all(index: Facts) -> bool:
    """Is it unique for all rows, and of columns alone?"""
    is_partial = bool(_condition(index.get("dialect_options", {})))
    return bool(index["unique"]) and not is_partial and None not in index["column_names"]


def _shape(index: Facts) -> Shape:
    return tuple(index["column_names"]), bool(index["unique"]), _condition(index.get("dialect_options", {}))


def _shape_of(index: Index) -> Shape:
    return _names(index.columns), bool(index.unique), _condition(index.dialect_kwargs)


def _condition(options: Facts) -> str:
    """Of which rows an index is, '' for all. PostgreSQL puts brackets around it."""
    said = (str(value) for name, value in options.items() if name.endswith("_where") and value is not None)
    return next(said, "").strip("()")


def _names(columns: Iterable[Any]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def _texts(condition: str) -> set[str]:
    return set(TEXT.findall(condition))

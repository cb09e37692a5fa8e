"""schema.sql and the models make the same tables: both are applied to a real server, whose catalogue says what came."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from perseus import db
from perseus.db.models import Base
from tests.databases import ROOT, schema
from tests.postgres import PostgresProcess

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
       pg_get_expr(d.adbin, d.adrelid), s.seqstart
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_sequence s ON s.seqrelid = pg_get_serial_sequence(c.relname, a.attname)::regclass
WHERE c.relkind = 'r' ORDER BY c.relname, a.attnum
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"

Rows = list[tuple[object, ...]]


def catalogue(connection: psycopg.Connection) -> tuple[Rows, Rows, Rows]:
    """Columns, constraints and indexes, with everything that the server knows of them."""
    columns, constraints, indexes = (connection.execute(query).fetchall() for query in (COLUMNS, CONSTRAINTS, INDEXES))
    return columns, constraints, indexes


@pytest.fixture(scope="module")
def both(postgres_server: PostgresProcess) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """A database made by schema.sql, and one made from the models."""
    dialect = postgresql.dialect()
    made = [
        one for table in Base.metadata.sorted_tables for one in (CreateTable(table), *map(CreateIndex, table.indexes))
    ]
    tables = [str(one.compile(dialect=dialect)) for one in made]
    postgres_server.create("by_schema", schema())
    postgres_server.create("by_models", *tables)
    with postgres_server.admin("by_schema") as one, postgres_server.admin("by_models") as other:
        yield one, other


def test_schema_sql_and_the_models_make_the_same_tables(both: tuple[psycopg.Connection, psycopg.Connection]) -> None:
    of_schema, of_models = (catalogue(one) for one in both)
    assert of_schema == of_models
    columns, constraints, indexes = of_schema
    assert {row[0] for row in columns} == set(Base.metadata.tables)
    assert len(columns) == sum(len(table.columns) for table in Base.metadata.sorted_tables)
    assert len(constraints) >= 18, "keys, uniques, references and checks were compared too"
    assert len(indexes) >= 12


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users ALTER name TYPE varchar(101)",
        "ALTER TABLE users ALTER name DROP NOT NULL",
        "ALTER TABLE users ALTER is_active DROP DEFAULT",
        "ALTER TABLE users DROP CONSTRAINT users_role_check",
        "ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey",
        "ALTER TABLE exchanges ALTER id SET START WITH 1",
        "CREATE INDEX another ON users (name)",
        "DROP INDEX user_exchanges_default_key",
    ],
)
def test_the_comparison_sees_a_difference_in_any_part(
    both: tuple[psycopg.Connection, psycopg.Connection], change: str
) -> None:
    one, other = both
    with one.transaction(force_rollback=True):
        one.execute(change)
        assert catalogue(one) != catalogue(other)


def test_a_database_made_by_schema_sql_is_taken_and_one_made_from_the_models_too(
    both: tuple[psycopg.Connection, psycopg.Connection], postgres_server: PostgresProcess
) -> None:
    for name in ("by_schema", "by_models"):
        db.check(postgres_server.url(name))


def test_the_schema_that_a_wheel_holds_is_that_of_the_repository() -> None:
    assert (ROOT / "perseus" / "db" / "schema.sql").resolve() == ROOT / "schema.sql"

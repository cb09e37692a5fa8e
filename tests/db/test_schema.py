"""schema.sql and the models describe the same tables."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from perseus.db.models import Base

SCHEMA = Path(__file__).parents[2] / "schema.sql"
COLUMN = re.compile(r"\s*(\w+) (timestamp with time zone|\w+(?:\(\d+\))?)(.*)")
TYPES = {"timestamp with time zone": "timestamptz"}


def columns(ddl: str) -> dict[str, dict[str, tuple[str, bool]]]:
    """table -> column -> (type, may be null), from CREATE TABLE statements with one column a line."""
    tables = {}
    ddl = re.sub(r"--.*", "", ddl).lower()
    for name, body in re.findall(r"create table (\w+) \(\n(.*?)\n\)", ddl, re.DOTALL):
        found = (
            re.match(r"\s*(\w+) (timestamp with time zone|\w+(?:\(\d+\))?)(.*)", line) for line in body.split("\n")
        )
        tables[name] = {
            column[1]: (TYPES.get(column[2], column[2]), not re.search("not null|generated|primary key", column[3]))
            for column in found
            if column is not None and column[1] not in ("constraint", "primary", "unique", "check", "foreign")
        }
    return tables


def from_models() -> str:
    return "\n".join(
        str(CreateTable(table).compile(dialect=postgresql.dialect())) for table in Base.metadata.sorted_tables
    )


def test_the_models_are_the_schema_column_by_column() -> None:
    assert columns(from_models()) == columns(SCHEMA.read_text("utf-8"))


def test_the_comparison_sees_twelve_columns_and_a_difference_in_any_part() -> None:
    schema = SCHEMA.read_text("utf-8")
    assert len(columns(schema)["exchanges"]) == 12
    for change in (
        ("ws_url", "wss_url"),
        ("jsonb NOT NULL", "json NOT NULL"),
        ("varchar(255)", "varchar(255) NOT NULL"),
    ):
        assert columns(schema.replace(*change)) != columns(schema)


def test_both_hold_names_to_what_a_key_may_carry() -> None:
    for rule in ("name ~ '^[a-z0-9_-]+$'", "id ~ '^[a-z0-9][a-z0-9_-]*$'", "kind ~ '^[a-z0-9_-]+$'"):
        assert rule in SCHEMA.read_text("utf-8")
        assert rule in from_models()


def test_every_table_of_the_models_is_compared() -> None:
    assert set(columns(SCHEMA.read_text("utf-8"))) == set(Base.metadata.tables)

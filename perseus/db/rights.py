"""What the role of Perseus may do in a PostgreSQL: enough, or what it lacks and the statement that gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text

from perseus.db.failures import RIGHTS, SEQUENCES_USAGE, USAGE
from perseus.db.models import Base
from perseus.db.urls import NAME

NEEDED = ("SELECT", "INSERT", "UPDATE", "DELETE")
LACKING = text(
    "SELECT needed || ' ' || name FROM unnest(CAST(:tables AS text[])) name"
    " CROSS JOIN unnest(CAST(:rights AS text[])) needed"
    " WHERE NOT has_table_privilege(quote_ident(name), needed) ORDER BY name, needed"
)
#: A schema that has most of the tables, and is not for the role.
CLOSED = text(
    "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND c.relname = ANY(CAST(:tables AS text[]))"
    " AND NOT has_schema_privilege(n.oid, 'USAGE')"
    " GROUP BY n.nspname HAVING 2 * count(*) > cardinality(CAST(:tables AS text[])) ORDER BY count(*) DESC LIMIT 1"
)
#: Each schema of search_path with tables of our names: how many, how many are found there, and which are hidden.
FOUND_IN = text(
    "SELECT quote_ident(n.nspname) AS name, count(*) AS has,"
    " count(*) FILTER (WHERE pg_table_is_visible(c.oid)) AS shows,"
    " coalesce(array_agg(CAST(c.relname AS text) ORDER BY c.relname) FILTER (WHERE NOT pg_table_is_visible(c.oid)),"
    " CAST('{}' AS text[])) AS hidden, quote_ident(current_database()) AS database,"
    " (SELECT source FROM pg_settings WHERE name = 'search_path') AS source"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY(CAST(:tables AS text[]))"
    " AND n.nspname = ANY(current_schemas(false))"
    " GROUP BY n.nspname ORDER BY array_position(current_schemas(false), n.nspname)"
)
#: Of defaults such as nextval('theirs'). Identities need no right of their own. CASE keeps what is no sequence away.
SEQUENCES = text(
    "SELECT DISTINCT s.relname FROM pg_attrdef d"
    " JOIN pg_depend p ON p.classid = CAST('pg_attrdef' AS regclass) AND p.objid = d.oid"
    " JOIN pg_class s ON p.refclassid = CAST('pg_class' AS regclass) AND s.oid = p.refobjid"
    " WHERE d.adrelid IN (SELECT CAST(quote_ident(name) AS regclass) FROM unnest(CAST(:tables AS text[])) name)"
    " AND CASE s.relkind WHEN 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END ORDER BY s.relname"
)
HIDDEN = text(
    "SELECT name FROM unnest(CAST(:tables AS text[])) name WHERE row_security_active(quote_ident(name)) ORDER BY name"
)
#: The schema that has most of the tables, where a name without a schema does not find them.
ELSEWHERE = text(
    "SELECT n.nspname, quote_ident(n.nspname), quote_ident(current_database()),"
    " (SELECT source FROM pg_settings WHERE name = 'search_path')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND c.relname = ANY(CAST(:tables AS text[]))"
    " AND NOT pg_table_is_visible(c.oid)"
    " GROUP BY n.nspname HAVING 2 * count(*) > cardinality(CAST(:tables AS text[])) ORDER BY count(*) DESC LIMIT 1"
)
READ_ONLY = text("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'")
IN_RECOVERY = "it is a replica, which is in recovery"
SET_SO = "it was set to read-only"

IN_URL = f"Take search_path out of the options in {NAME}, or set it to {{schema}} there."
#: A role may set its own; this way it goes before what the database and the configuration say.
SET = "ALTER ROLE CURRENT_USER IN DATABASE {database} SET search_path = {schema};"
ROLE = text("SELECT quote_ident(CAST(current_user AS text))")
THAT_USER = "that user."
FIND = f"As this user: {SET}"
ONE_OF_TWO = "Compare what both hold, then drop or rename the tables that are not meant, or leave one schema out. {}"
SHOW_ROWS = "ALTER TABLE ... DISABLE ROW LEVEL SECURITY, or ALTER ROLE ... BYPASSRLS."


class Hindrance(NamedTuple):
    """What keeps the role from its work, as a clause, and what mends that. `statement`: one that does.

    A grant is for who owns the tables, a search_path for the role itself.
    """

    problem: str
    mend: str
    statement: str = ""


def hindrance(connection: Connection, *, is_whole: bool) -> Hindrance | None:
    """The first that there is; None for none, and on SQLite. `is_whole`: all tables are there and fit."""
    if connection.dialect.name != "postgresql":
        return None
    found = connection.execute(FOUND_IN, {"tables": _tables()}).all()
    twice = _twice(found)
    if twice is not None:
        return twice
    if not is_whole:
        # Tables in a schema that is closed to a role look as if they were not there.
        return _closed(connection) or _elsewhere(connection)
    schemas = ", ".join(one.name for one in found if one.shows)
    return (
        _told(connection, LACKING, "its user may not {}", RIGHTS.format(schema=schemas))
        or _told(connection, SEQUENCES, "its user may not use sequence {}", SEQUENCES_USAGE.format(schema=schemas))
        or _told(connection, HIDDEN, "row level security hides rows from its user: {}", SHOW_ROWS)
    )


def schemas(connection: Connection) -> tuple[str, ...]:
    """Where the tables are found, in the order of search_path; () on SQLite."""
    if connection.dialect.name != "postgresql":
        return ()
    return tuple(one.name for one in connection.execute(FOUND_IN, {"tables": _tables()}) if one.shows)


def read_only(connection: Connection) -> str:
    """Why it refuses every change, as a clause: it is in recovery, or it or the role was set so. '' where it does not.

    Source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL
    """
    if connection.dialect.name != "postgresql":
        return ""
    is_in_recovery, is_set_so = connection.execute(READ_ONLY).one()
    return IN_RECOVERY if is_in_recovery else SET_SO if is_set_so else ""


def _twice(found: Sequence[Any]) -> Hindrance | None:
    """Tables that hide others of ours. One of another program behind ours hides nothing of anybody's."""
    shows = [one for one in found if one.shows]
    for behind in (one for one in found if one.hidden):
        if len(shows) > 1 or behind.has == len(_tables()):
            first, *more = behind.hidden
            tables = f"{first} and {len(more)} more stand" if more else f"{first} stands"
            problem = f"{tables} in two schemas of search_path, {shows[0].name} and {behind.name}: the first is used"
            return Hindrance(problem, ONE_OF_TWO.format(_leading_to(behind.name, behind.database, behind.source)))
    return None


def _closed(connection: Connection) -> Hindrance | None:
    name = connection.execute(CLOSED, {"tables": _tables()}).scalar()
    return Hindrance(f"its user may not look into schema {name}", USAGE.format(schema=name)) if name else None


def _elsewhere(connection: Connection) -> Hindrance | None:
    found = connection.execute(ELSEWHERE, {"tables": _tables()}).first()
    if found is None:
        return None
    name, schema, database, source = found
    statement = "" if source == "client" else SET.format(schema=schema, database=database)
    problem = f"its tables are in schema {name}, which search_path does not lead to"
    return Hindrance(problem, _leading_to(schema, database, source), statement)


def _leading_to(schema: str, database: str, source: str) -> str:
    return (IN_URL if source == "client" else FIND).format(schema=schema, database=database)


def _tables() -> list[str]:
    return [table.name for table in Base.metadata.sorted_tables]


def _told(connection: Connection, query: TextClause, problem: str, mend: str) -> Hindrance | None:
    known: dict[str, Any] = {
        "tables": _tables(),
        "rights": list(NEEDED),
    }
    asked = {name: value for name, value in known.items() if f":{name}" in query.text}
    found = [str(row[0]) for row in connection.execute(query, asked)]
    return Hindrance(problem.format(", ".join(found)), mend, _granting(connection, mend)) if found else None


def _granting(connection: Connection, mend: str) -> str:
    """The statement that a mend is, with the role in it; '' for one that is something else."""
    said = mend.removesuffix(THAT_USER)
    return f"{said}{connection.execute(ROLE).scalar()};" if said != mend else ""

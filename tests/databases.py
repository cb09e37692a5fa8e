"""Fixtures: a site's database on SQLite and on a PostgreSQL over SSL, so that the same test runs on both."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql

from perseus import db
from perseus.db.engine import engine
from perseus.db.models import Base
from tests.postgres import PASSWORD, USER, PostgresProcess

ROOT = Path(__file__).parents[1]
SHARED, OWN = "shared", "perseus"
FAIL = "BEGIN SELECT RAISE(FAIL, 'read only'); END"

ReadOnly = Callable[..., None]


@functools.cache
def schema() -> str:
    """schema.sql as it stands in the repository."""
    return (ROOT / "schema.sql").read_text("utf-8")


def with_user(server: PostgresProcess) -> PostgresProcess:
    """Let in the user of `server.url`, who owns nothing."""
    with server.admin() as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(USER), sql.Literal(PASSWORD)))
    return server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresProcess]:
    """One real server for the session, with a database `shared` that has the schema; use `postgres_database`."""
    server = PostgresProcess()
    try:
        with_user(server.start()).create(SHARED, schema())
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def _other_postgres() -> Iterator[PostgresProcess]:
    server = PostgresProcess()
    try:
        with_user(server.start()).create(OWN, schema())
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_postgres(_other_postgres: PostgresProcess) -> Iterator[PostgresProcess]:
    """A server that a test may freeze, stop and kill; `url()` on it is a database as `perseus init` leaves it."""
    _emptied(_other_postgres, OWN)
    url = _other_postgres.url(OWN)
    db.initialise(url)
    try:
        yield _other_postgres
    finally:
        db.disconnect(url)
        _other_postgres.thaw()
        if _other_postgres.process is None:
            _other_postgres.start()


@pytest.fixture
def bare_postgres(postgres_server: PostgresProcess) -> str:
    """URL of a PostgreSQL database that has the schema and no row."""
    _emptied(postgres_server, SHARED)
    return postgres_server.url(SHARED)


def _emptied(server: PostgresProcess, name: str) -> None:
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with server.admin(name) as admin:
        admin.execute(f"TRUNCATE {tables} RESTART IDENTITY")


@pytest.fixture
def postgres_database(bare_postgres: str) -> str:
    """URL of a PostgreSQL database as `perseus init` leaves it."""
    db.initialise(bare_postgres)
    return bare_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database before `perseus init`: on SQLite no file yet, on PostgreSQL the schema without a row."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("bare_postgres"))
    return db.default_url(tmp_path)


@functools.cache
def _made() -> tuple[str, int, bytes]:
    """Name, mode and content of an SQLite file as `perseus init` leaves it."""
    with tempfile.TemporaryDirectory() as folder:
        url = db.default_url(Path(folder))
        db.initialise(url)
        db.disconnect(url)
        (file,) = Path(folder).iterdir()
        return file.name, file.stat().st_mode, file.read_bytes()


def made_in(home: Path) -> str:
    """URL of an SQLite file in this folder as `perseus init` leaves it, in a tenth of the time of making one."""
    name, mode, content = _made()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / name).write_bytes(content)
    (home / name).chmod(mode)
    return db.default_url(home)


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    """The same on SQLite alone, for tests that look into the file or change its tables."""
    return made_in(tmp_path)


@pytest.fixture
def database(bare_database: str) -> str:
    """URL of a database as `perseus init` leaves it, on SQLite and on PostgreSQL."""
    db.initialise(bare_database)
    return bare_database


@pytest.fixture(scope="session")
def _template(postgres_server: PostgresProcess) -> str:
    """Name of a database as `perseus init` leaves it, whose tables belong to the user."""
    owner = f"SET ROLE {USER}"
    url = postgres_server.create("template", f"GRANT CREATE ON SCHEMA public TO {USER}", f"{owner};{schema()}")
    db.initialise(url)
    db.disconnect(url)
    return "template"


@pytest.fixture
def site_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database of the test's own, as `perseus init` leaves it and free to be changed: an SQLite file.

    In modules that are marked `databases` each test has it on PostgreSQL too.
    """
    if getattr(request, "param", "sqlite") == "sqlite":
        yield str(request.getfixturevalue("sqlite_database"))
        return
    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("_template")
    with server.admin() as admin:
        admin.execute(f"CREATE DATABASE site TEMPLATE {template} STRATEGY file_copy")
    yield server.url("site")
    db.disconnect(server.url("site"))
    with server.admin() as admin:
        admin.execute("DROP DATABASE site WITH (FORCE)")


def parametrise_site(metafunc: pytest.Metafunc) -> None:
    """Give the tests of modules that are marked `databases` each database."""
    if "site_database" in metafunc.fixturenames and metafunc.definition.get_closest_marker("databases"):
        metafunc.parametrize("site_database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def read_only(database: str, request: pytest.FixtureRequest) -> ReadOnly:
    """Call it with the names of tables that can no longer be changed, until the test ends."""

    def lock(*tables: str) -> None:
        for table in tables:
            if database.startswith("sqlite"):
                execute(database, f"CREATE TRIGGER no_{table} BEFORE UPDATE ON {table} {FAIL}")
            else:
                _rights(f"REVOKE UPDATE ON {table} FROM {USER}")
                request.addfinalizer(functools.partial(_rights, f"GRANT UPDATE ON {table} TO {USER}"))

    def _rights(statement: str) -> None:
        with request.getfixturevalue("postgres_server").admin(SHARED) as admin:
            admin.execute(statement)

    return lock


def execute(url: str, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement as the site's user, `?` for each value; the rows that it gives."""
    with engine(url).begin() as connection:
        asked = statement if connection.dialect.name == "sqlite" else statement.replace("?", "%s")
        found = connection.exec_driver_sql(asked, values)
        return [tuple(row) for row in found] if found.returns_rows else []

"""How Perseus connects to its database: SQLite or PostgreSQL, bounded in connections and time, PostgreSQL over SSL."""

from __future__ import annotations

import functools
import importlib.util
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from sqlalchemy import URL, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError

from perseus.db.errors import DatabaseMismatch, DatabaseUnavailable
from perseus.errors import SettingError, whole

NAME = "PERSEUS_DATABASE_URL"
FORMS = "Write sqlite:////absolute/path.db or postgresql://user:password@host/name."
SSL_MODES = ("require", "verify-ca", "verify-full")
ANSWER_SECONDS = 5


def default_url(home: Path) -> str:
    """URL of the SQLite file of a home. Raises SettingError for a path that is no text where this process runs."""
    path = str(home.resolve() / "perseus.db")
    if whole(path) != path:
        raise SettingError("PERSEUS_HOME", f"{path} is not text in this locale", "Set PYTHONUTF8=1, or choose another.")
    return URL.create("sqlite", database=path).render_as_string()


def parse(database_url: str) -> URL:
    """The URL with its driver. Raises SettingError for what is no URL, no supported database, or weaker than SSL."""
    try:
        url = sqlalchemy.make_url(database_url)
    except (ArgumentError, ValueError):
        raise SettingError(NAME, "is not a database URL", FORMS) from None
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(url)
        case "postgresql":
            return _postgresql(url)
        case other:
            raise SettingError(NAME, f"{other!r} is not supported", FORMS)


def _sqlite(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise SettingError(NAME, "names no file, and processes cannot share a database in memory", FORMS)
    return url


def _postgresql(url: URL) -> URL:
    mode = url.query.get("sslmode", SSL_MODES[0])
    if mode not in SSL_MODES:
        raise SettingError(
            NAME, f"asks for sslmode={mode}, and PostgreSQL is only used over SSL", f"Use {', '.join(SSL_MODES)}."
        )
    if importlib.util.find_spec("psycopg") is None:
        raise SettingError(
            NAME, "PostgreSQL needs psycopg, which is not installed", f"Run: {_install('psycopg[binary]')}"
        )
    return url.set(drivername="postgresql+psycopg").update_query_dict({"sslmode": str(mode)})


def _install(package: str) -> str:
    """The command for the environment that runs this, whatever its place and whether its shell script is there."""
    return shlex.join((sys.executable, "-m", "pip", "install", package))


@functools.cache
def engine(database_url: str) -> Engine:
    """The engine of a URL, one for each process. Errors as `parse`; opens no connection yet."""
    url = parse(database_url)
    if url.get_backend_name() == "sqlite":
        return sqlalchemy.create_engine(url, connect_args={"timeout": ANSWER_SECONDS})
    return sqlalchemy.create_engine(
        url,
        pool_size=2,
        max_overflow=2,
        pool_timeout=ANSWER_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": ANSWER_SECONDS,
            "options": f"-c statement_timeout={ANSWER_SECONDS * 1000}",
        },
    )


def where(database_url: str) -> str:
    """Which database, without user or password: fit for messages."""
    url = parse(database_url)
    return url.database or "" if url.get_backend_name() == "sqlite" else f"{url.host}:{url.port or 5432}/{url.database}"


@contextmanager
def answers(database_url: str) -> Iterator[None]:
    """Translate SQLAlchemy's errors to DatabaseUnavailable and DatabaseMismatch. Only database calls belong inside."""
    try:
        yield
    except SQLAlchemyError as error:
        said = _plain(error)
        if isinstance(error, ProgrammingError) or said.startswith("no such"):
            raise DatabaseMismatch(where(database_url), said, "Run `perseus init`.") from None
        if isinstance(error, OperationalError):
            raise DatabaseUnavailable(where(database_url), said) from None
        raise DatabaseMismatch(where(database_url), said, f"Check {NAME}.") from None


def _plain(error: SQLAlchemyError) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error) or type(error).__name__
    return said.splitlines()[0].rstrip(".")

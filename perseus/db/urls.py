"""Which databases PERSEUS_DATABASE_URL may name: an SQLite file, or a PostgreSQL that is reached over SSL."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from pathlib import Path

import sqlalchemy
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

from perseus import hostname
from perseus.errors import SettingError, whole

NAME = "PERSEUS_DATABASE_URL"
FORMS = "Write sqlite:////absolute/path.db or postgresql://user:password@host/name."
SSL_MODES = ("require", "verify-ca", "verify-full")
#: What providers write, too; libpq knows both.
POSTGRESQL = ("postgresql", "postgres")
#: Up to the @ before the host, as SQLAlchemy reads it: a password ends at its first @.
WHO = re.compile(r"[\w+]+://(?:[^:/]*(?::[^@]*)?@)?")
#: A name with a port or without, or an IPv6 address, which may have a zone.
HOST = re.compile(r"[\w.-]+(?::[^:]*)?|\[?[\da-fA-F:.]+(?:%[\w.-]+)?\]?(?::\d+)?")
PORT = re.compile(r"\d{0,5}")
CODED = "Write user and password in percent code: %40 for @, %3A for :, %2F for /, %25 for %."


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
        raise SettingError(NAME, "is not a database URL", f"{FORMS} {CODED}") from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        _refuse_nul(url)
        return _sqlite(url)
    if kind in POSTGRESQL:
        _require_coded(database_url)
        _refuse_nul(url)
        return _postgresql(url)
    raise SettingError(NAME, f"{kind!r} is not supported", FORMS)


def is_sqlite(database_url: str) -> bool:
    """Is it a file of this host? Errors as `parse`."""
    return parse(database_url).get_backend_name() == "sqlite"


def where(database_url: str) -> str:
    """Which database, without user or password: fit for messages."""
    url = parse(database_url)
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    port = str(url.query.get("port") or url.port or 5432)
    return f"{','.join(_place(host, port) for host in _hosts(url))}/{url.database}"


def _refuse_nul(url: URL) -> None:
    """libpq stops reading at one: what stands behind it, sslmode too, would be lost, and it would speak in clear."""
    parts = {"its user": url.username, "its password": url.password, "its database": url.database}
    told: list[tuple[str, object]] = [*parts.items(), ("the name of an option", "".join(url.query))]
    for part, value in (*told, *((f"its option {name}", "".join(given)) for name, given in url.query.items())):
        if "\0" in str(value):
            raise SettingError(NAME, f"has %00 in {part}, where reading would stop", "Choose one without it.")


def _sqlite(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise SettingError(NAME, "names no file, and processes cannot share a database in memory", FORMS)
    return url


def _postgresql(url: URL) -> URL:
    mode = url.query.get("sslmode") or SSL_MODES[0]
    if mode not in SSL_MODES:
        said = "asks for another sslmode, and PostgreSQL is only used over SSL"
        raise SettingError(NAME, said, f"Use {', '.join(SSL_MODES)}.")
    hosts = _hosts(url)
    if not all(hosts) or not hosts:
        raise SettingError(NAME, "names no host", FORMS)
    if any(host.startswith(("/", "@")) for host in hosts):
        raise SettingError(NAME, "names a Unix socket, over which PostgreSQL speaks no SSL", FORMS)
    if not all(HOST.fullmatch(host) for host in hosts):
        raise SettingError(NAME, "has characters in its host that no host has", CODED)
    if not all(hostname.can_be(host.partition(":")[0] if host.count(":") == 1 else host) for host in hosts):
        raise SettingError(NAME, hostname.NEVER, hostname.MEND)
    if not all(PORT.fullmatch(port) for port in _ports(url, hosts)):
        raise SettingError(NAME, "names a port that is no number", FORMS)
    if not url.database:
        raise SettingError(NAME, "names no database", FORMS)
    if importlib.util.find_spec("psycopg") is None:
        raise SettingError(
            NAME, "PostgreSQL needs psycopg, which is not installed", f"Run: {_install('psycopg[binary]')}"
        )
    # With Kerberos at hand libpq would encrypt by that instead.
    query = {"application_name": "perseus", **url.query, "sslmode": str(mode), "gssencmode": "disable"}
    return url.set(drivername="postgresql+psycopg", query=query)


def _require_coded(database_url: str) -> None:
    """What follows the first @ of a password that is not in percent code would be shown as host or database."""
    rest = WHO.sub("", database_url, count=1).replace("host=@", "host=")  # that is a Unix socket, refused as such
    if "@" in rest:
        raise SettingError(NAME, "has an @ where only user and password end with one", CODED)


def _hosts(url: URL) -> list[str]:
    """Those that are tried, in order. Several stand in the query, as host=one:5432&host=two:5432 or host=one,two."""
    named = url.query.get("host", ())
    several = (named,) if isinstance(named, str) else named
    return [host for one in several for host in one.split(",")] if several else [url.host or ""]


def _ports(url: URL, hosts: list[str]) -> list[str]:
    named = url.query.get("port", ())
    several = (named,) if isinstance(named, str) else named
    beside = [host.partition(":")[2] for host in hosts if host.count(":") == 1]
    return beside + [port for one in several for port in one.split(",")]


def _place(host: str, port: str) -> str:
    if host.count(":") == 1:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _install(package: str) -> str:
    """The command for the environment that runs this, whatever its place and whether its shell script is there."""
    return shlex.join((sys.executable, "-m", "pip", "install", package))

"""What a database answers instead of what it was asked, in words: what is wrong with it, and what mends that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from perseus.db import deadline
from perseus.db.errors import DatabaseMismatch, DatabaseReadOnly, DatabaseRefused, DatabaseUnavailable, NotStorable
from perseus.db.urls import NAME, is_sqlite, where
from perseus.errors import PerseusError

RUN_INIT = "Run `perseus init`."
CREDENTIALS = f"Check user and password in {NAME}."
TRUST = f"Give {NAME} the certificate of its authority: sslrootcert=/path/to/ca.pem."


class _Refusal(NamedTuple):
    """A refused connection, by what is in the answer: PostgreSQL gives no code before somebody is let in."""

    said: str
    reason: str
    mend: str


OPTION_VALUE = r'(?:for connection option "|bad value for |invalid "?(?=\w+"? value: |port number: ))(?P<option>\w+)'
REFUSALS: Sequence[_Refusal] = (
    _Refusal(
        "does not support SSL",
        "it speaks no SSL, and PostgreSQL is only used over SSL",
        "Give the server a certificate and set ssl = on in its postgresql.conf.",
    ),
    # The first five are in the words of perseus.db.certificate.
    _Refusal(
        "certificate expired at (?P<end>.* UTC)",
        "its certificate has expired: on {end}",
        "Give the server a new one, then there: SELECT pg_reload_conf();",
    ),
    _Refusal(
        "certificate not valid before (?P<begin>.* UTC)",
        "its certificate is not valid yet: only from {begin} on",
        "Correct the clock of this host (chrony, ntpd); if it is right, give the server one that is valid now.",
    ),
    _Refusal(
        "certificate of an authority whose own is out of its time",
        "the certificate of its authority has expired, or is not valid yet",
        f"Renew that, then: {TRUST}",
    ),
    _Refusal("certificate of an unknown authority", "its certificate is of no authority that is trusted", TRUST),
    _Refusal(
        "certificate not taken: (?P<why>.*)",
        "its certificate cannot be taken: {why}",
        "Give the server another, or correct sslrootcert and sslcrl.",
    ),
    _Refusal(
        "certificate verify failed|self.signed certificate",
        "its certificate has expired, or is of no authority that is trusted",
        f"Renew it, or: {TRUST}",
    ),
    _Refusal(
        "does not match host name",
        "its certificate is for another host",
        f"Use in {NAME} a name that the certificate bears, or give the server one with this name.",
    ),
    _Refusal("root certificate file .*does not exist", "there is no certificate of an authority to check it by", TRUST),
    _Refusal("could not read root certificate file", "the file in sslrootcert cannot be read", TRUST),
    _Refusal("password authentication failed|no password supplied", "it does not let this user in", CREDENTIALS),
    _Refusal('role ".*" (does not exist|is not permitted)', "it does not let this user in", CREDENTIALS),
    _Refusal(
        "no pg_hba.conf entry",
        "its pg_hba.conf lets nobody in who comes from here",
        "Add a line for this user, database and host: hostssl DATABASE USER ADDRESS scram-sha-256.",
    ),
    _Refusal(
        'database ".*" does not exist',
        "there is no database of this name",
        "Create it, apply schema.sql to it, then run `perseus init`.",
    ),
    _Refusal(
        "permission denied for database", "its user may not connect", "GRANT CONNECT ON DATABASE ... to that user."
    ),
    _Refusal(
        r'invalid connection option "(?P<option>\w+)"',
        "its URL has an option that is none: {option}",
        f"Take it out of {NAME}, or write it as libpq does.",
    ),
    _Refusal(
        OPTION_VALUE,
        "its URL has an option with a value that it cannot have: {option}",
        f"Correct it in {NAME}.",
    ),
    _Refusal(
        'definition of service ".*" not found|service file ".*" not found',
        "no service file has the service of its URL",
        f"Take service out of {NAME}, or name the file in PGSERVICEFILE.",
    ),
)
RIGHTS = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO that user."
USAGE = "GRANT USAGE ON SCHEMA {schema} TO that user."
SEQUENCES_USAGE = "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO that user."
#: PostgreSQL does not say in which schema a table is that is not for its user.
SOME_SCHEMA = "..."
FULL = "it has no connection left for this site: raise max_connections, or lower PERSEUS_WEB_WORKERS"
READ_ONLY = "25006"
#: By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html: it works, but not now.
AWAY = {
    "40P01": "two changes waited for each other, and it gave up one",
    "53300": FULL,
    "55P03": "what is to be changed is locked",
    "57014": "a statement took too long and was ended",
}
SILENT_SAID = f"it has not answered for {deadline.ANSWER_SECONDS:g} s"
CONNECTING = re.compile(r"^connection (failed|is bad): (connection to server at .*?, port \d+ failed: )?(FATAL:  )?")
FULL_SAID = re.compile("too many clients|remaining connection slots|too many connections")


def in_words(database_url: str, error: SQLAlchemyError) -> PerseusError:
    """The error to raise instead. It holds no user, password or statement."""
    place, said, code = where(database_url), _plain(error), _sqlstate(error)
    refused = _refused(place, error) if code is None else None
    if refused is not None:
        return refused
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable(place, "all connections to it are in use and none came free")
    if code == READ_ONLY:
        return DatabaseReadOnly(place)
    if code in AWAY:
        return DatabaseUnavailable(place, AWAY[code])
    if code == "42501":
        return DatabaseMismatch(place, said, _right(said))
    if isinstance(error, DataError):
        return NotStorable(place, said)
    if isinstance(error, ProgrammingError) or said.startswith("no such"):
        return DatabaseMismatch(place, said, mend(database_url))
    if isinstance(error, OperationalError | InterfaceError) or _is_lost(error):
        return DatabaseUnavailable(place, FULL if FULL_SAID.search(said) else said)
    return DatabaseMismatch(place, said, f"Check {NAME}.")


def mend(database_url: str) -> str:
    """What brings the tables of a database to those of this version."""
    if is_sqlite(database_url):
        return f"{RUN_INIT} If it says the same, the file is of another version: move it away first."
    schema = Path(__file__).with_name("schema.sql")
    return f"Bring it to {schema}, with Atlas or by hand, then run `perseus init`."


def _right(said: str) -> str:
    if named := re.search(r"for schema (\S+)", said):
        return USAGE.format(schema=named[1])
    statement = SEQUENCES_USAGE if "for sequence" in said else RIGHTS
    return f"{statement.format(schema=SOME_SCHEMA)} perseus doctor names the schema."


def _refused(place: str, error: SQLAlchemyError) -> DatabaseRefused | None:
    whole = str(error.orig if isinstance(error, DBAPIError) else error)
    for refusal in REFUSALS:
        if found := re.search(refusal.said, whole):
            return DatabaseRefused(place, refusal.reason.format(**found.groupdict()), refusal.mend)
    return None


def _is_lost(error: SQLAlchemyError) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _sqlstate(error: SQLAlchemyError) -> str | None:
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def _plain(error: SQLAlchemyError) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error) or type(error).__name__
    return CONNECTING.sub("", said.splitlines()[0]).rstrip(".")

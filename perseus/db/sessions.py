"""Browsers that are signed in."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from perseus.access.person import Person
from perseus.db.engine import answers, engine
from perseus.db.errors import NotThere
from perseus.db.models import SessionRow, UserRow
from perseus.db.notifyrows import moment, ms
from perseus.db.owners import owner

#: A session ends this long after the sign-in, and when it is not used for as long as IDLE_MS.
LIFE_MS = 30 * 86_400_000
IDLE_MS = 7 * 86_400_000


class Session(NamedTuple):
    """One of them. Times are Unix milliseconds."""

    id: int
    key_hash: str
    ip: str
    browser: str
    created_ms: int
    used_ms: int
    expires_ms: int


def start_session(database_url: str, key_hash: str, user_id: int, ip: str, browser: str, now_ms: int) -> None:
    """Somebody signs in. Sessions that have ended are forgotten meanwhile."""
    now = moment(now_ms)
    made = insert(SessionRow).values(
        key_hash=key_hash,
        user_id=user_id,
        ip=ip[:45],
        browser=browser[:200],
        created_at=now,
        used_at=now,
        expires_at=moment(now_ms + LIFE_MS),
    )
    with answers(database_url), engine(database_url).begin() as connection:
        _sweep(connection, now_ms)
        connection.execute(made)
        connection.execute(update(UserRow).where(UserRow.id == user_id).values(signed_in_at=now))


def session_owner(database_url: str, key_hash: str, now_ms: int) -> Person | None:
    """Whose it is; None where it has ended, was revoked, never was, or they were shut out. Notes its use."""
    return owner(database_url, SessionRow, key_hash, now_ms, *_lasts(now_ms))


def sessions(database_url: str, user_id: int, now_ms: int) -> tuple[Session, ...]:
    """Those of one person that have not ended, last used first."""
    row = SessionRow
    wanted = select(row.__table__).where(row.user_id == user_id, *_lasts(now_ms))
    with answers(database_url), engine(database_url).connect() as connection:
        return tuple(_session(found) for found in connection.execute(wanted.order_by(row.used_at.desc())))


def end_session(database_url: str, user_id: int, session_id: int) -> None:
    """Revoke one of a person's sessions. Raises NotThere."""
    row = SessionRow
    with answers(database_url), engine(database_url).begin() as connection:
        if connection.execute(delete(row).where(row.id == session_id, row.user_id == user_id)).rowcount == 0:
            raise NotThere(f"session {session_id}")


def end_sessions(database_url: str, user_id: int, but: str | None = None) -> int:
    """Revoke all of a person's sessions, except the one with the key hash `but`; how many those were."""
    row = SessionRow
    gone = delete(row).where(row.user_id == user_id)
    with answers(database_url), engine(database_url).begin() as connection:
        return connection.execute(gone if but is None else gone.where(row.key_hash != but)).rowcount


def end_session_of(database_url: str, key_hash: str) -> None:
    """Sign out. One that is gone already is no error."""
    with answers(database_url), engine(database_url).begin() as connection:
        connection.execute(delete(SessionRow).where(SessionRow.key_hash == key_hash))


def _lasts(now_ms: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SessionRow.expires_at > moment(now_ms), SessionRow.used_at > moment(now_ms - IDLE_MS)


def _sweep(connection: Connection, now_ms: int) -> None:
    row = SessionRow
    connection.execute(
        delete(row).where((row.expires_at <= moment(now_ms)) | (row.used_at <= moment(now_ms - IDLE_MS)))
    )


def _session(row: Row[Any]) -> Session:
    times = (ms(row.created_at), ms(row.used_at), ms(row.expires_at))
    return Session(row.id, row.key_hash, row.ip, row.browser, *times)

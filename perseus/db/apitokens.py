"""API tokens: keys of programs that act in somebody's name."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Row, delete, func, insert, or_, select, update

from perseus.access.person import Person
from perseus.db.engine import answers, engine
from perseus.db.errors import NotThere, TooManyTokens
from perseus.db.models import TokenRow, UserRow
from perseus.db.notifyrows import moment, ms
from perseus.db.owners import owner

#: Of one person, those that have ended included.
TOKENS_MOST = 50


class Token(NamedTuple):
    """One of them, without its key. Times are Unix milliseconds; None: never used, no end."""

    id: int
    name: str
    created_ms: int
    used_ms: int | None
    expires_ms: int | None


def add_token(
    database_url: str, user_id: int, key_hash: str, name: str, now_ms: int, expires_ms: int | None = None
) -> None:
    """A new one of this person. Raises NotThere, TooManyTokens."""
    end = None if expires_ms is None else moment(expires_ms)
    values = {"key_hash": key_hash, "user_id": user_id, "name": name, "created_at": moment(now_ms), "expires_at": end}
    with answers(database_url), engine(database_url).begin() as connection:
        # A change of nothing locks the person in SQLite and PostgreSQL alike, so that two at once are counted in turn.
        if connection.execute(update(UserRow).where(UserRow.id == user_id).values(name=UserRow.name)).rowcount == 0:
            raise NotThere(f"user {user_id}")
        own = connection.execute(select(func.count()).where(TokenRow.user_id == user_id)).scalar_one()
        if own >= TOKENS_MOST:
            raise TooManyTokens(TOKENS_MOST)
        connection.execute(insert(TokenRow).values(**values))


def token_owner(database_url: str, key_hash: str, now_ms: int) -> Person | None:
    """Whose it is; None where it has ended, was revoked, never was, or they were shut out. Notes its use."""
    row = TokenRow
    return owner(database_url, row, key_hash, now_ms, or_(row.expires_at.is_(None), row.expires_at > moment(now_ms)))


def tokens(database_url: str, user_id: int) -> tuple[Token, ...]:
    """Those of one person, newest first; also those that have ended."""
    wanted = select(TokenRow.__table__).where(TokenRow.user_id == user_id).order_by(TokenRow.id.desc())
    with answers(database_url), engine(database_url).connect() as connection:
        return tuple(_token(row) for row in connection.execute(wanted))


def revoke_token(database_url: str, user_id: int, token_id: int) -> str:
    """Forget one of a person's; its name. Raises NotThere."""
    row = TokenRow
    which = (row.id == token_id, row.user_id == user_id)
    with answers(database_url), engine(database_url).begin() as connection:
        name = connection.execute(select(row.name).where(*which)).scalar()
        if name is None or connection.execute(delete(row).where(*which)).rowcount == 0:
            raise NotThere(f"token {token_id}")
        return str(name)


def _token(row: Row[Any]) -> Token:
    used = None if row.used_at is None else ms(row.used_at)
    return Token(row.id, row.name, ms(row.created_at), used, None if row.expires_at is None else ms(row.expires_at))

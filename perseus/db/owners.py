"""Whose a key is that somebody shows with every request, and when it was used last."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import ColumnElement, select, update

from perseus.access.person import Person
from perseus.db.engine import answers, engine
from perseus.db.errors import DatabaseMismatch, DatabaseUnavailable
from perseus.db.models import SessionRow, TokenRow, UserRow
from perseus.db.notifyrows import moment, ms
from perseus.db.users import person

#: The last use is written at most this often.
NOTED_MS = 300_000

Keyed = type[SessionRow] | type[TokenRow]


def owner(database_url: str, row: Keyed, key_hash: str, now_ms: int, *holds: ColumnElement[bool]) -> Person | None:
    """Whose it is; None where it never was or was revoked, not all of `holds` is so, or they were shut out.

    Notes its use.
    """
    people = UserRow
    wanted = (
        select(row.id, row.user_id, row.used_at, people.email, people.name, people.role)
        .join(people, people.id == row.user_id)
        .where(row.key_hash == key_hash, people.is_active, *holds)
    )
    with answers(database_url), engine(database_url).connect() as connection:
        found = connection.execute(wanted).first()
    if found is None:
        return None
    if found.used_at is None or now_ms - ms(found.used_at) > NOTED_MS:
        _note(database_url, row, found.id, now_ms)
    return person(found)


def _note(database_url: str, row: Keyed, row_id: int, now_ms: int) -> None:
    # A database that can only be read just now must not shut anybody out.
    used = update(row).where(row.id == row_id).values(used_at=moment(now_ms))
    silent = suppress(DatabaseUnavailable, DatabaseMismatch)
    with silent, answers(database_url), engine(database_url).begin() as connection:
        connection.execute(used)

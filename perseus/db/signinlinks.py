"""Links that sign somebody in once."""

from __future__ import annotations

from sqlalchemy import Select, delete, insert, select

from perseus.access.person import Person
from perseus.db.engine import answers, engine
from perseus.db.models import LinkRow, UserRow
from perseus.db.notifyrows import moment
from perseus.db.users import person

#: For as long a link is good.
LIFE_MS = 86_400_000


def add_link(database_url: str, user_id: int, key_hash: str, by: str, now_ms: int) -> None:
    """A new one for this person; those they had before are void, and those of others that have ended are forgotten."""
    row = LinkRow
    values = {"key_hash": key_hash, "user_id": user_id, "created_by": by}
    times = {"created_at": moment(now_ms), "expires_at": moment(now_ms + LIFE_MS)}
    with answers(database_url), engine(database_url).begin() as connection:
        connection.execute(delete(row).where((row.user_id == user_id) | (row.expires_at <= moment(now_ms))))
        connection.execute(insert(row).values(**values, **times))


def link_owner(database_url: str, key_hash: str, now_ms: int) -> Person | None:
    """Whom the link would sign in; None where it was used, has ended, never was, or they were shut out."""
    with answers(database_url), engine(database_url).connect() as connection:
        found = connection.execute(_wanted(key_hash, now_ms)).first()
    return None if found is None else person(found)


def use_link(database_url: str, key_hash: str, now_ms: int) -> Person | None:
    """The same, and the link is used up. Of two that use it at once one gets None."""
    with answers(database_url), engine(database_url).begin() as connection:
        found = connection.execute(_wanted(key_hash, now_ms)).first()
        used = connection.execute(delete(LinkRow).where(LinkRow.key_hash == key_hash)).rowcount
    return None if found is None or used == 0 else person(found)


def _wanted(key_hash: str, now_ms: int) -> Select[int, str, str, str]:
    row, people = LinkRow, UserRow
    return (
        select(row.user_id, people.email, people.name, people.role)
        .join(people, people.id == row.user_id)
        .where(row.key_hash == key_hash, row.expires_at > moment(now_ms), people.is_active)
    )

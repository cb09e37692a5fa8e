"""The people who may sign in."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db.engine import answers, engine
from perseus.db.errors import EmailTaken, LastAdmin, NotThere
from perseus.db.models import UserRow
from perseus.db.notifyrows import ms


class User(NamedTuple):
    """One of them. Times are Unix milliseconds. `password_hash`: None until they set a password."""

    person: Person
    password_hash: str | None
    is_active: bool
    signed_in_ms: int | None
    created_ms: int


def person(row: Row[*tuple[Any, ...]]) -> Person:
    """The person of a row that has their columns; the id stands in `user_id` or `id`."""
    return Person(getattr(row, "user_id", None) or row.id, row.email, row.name, Role(row.role))


def users(database_url: str) -> tuple[User, ...]:
    """All of them, by email."""
    with answers(database_url), engine(database_url).connect() as connection:
        rows = connection.execute(select(UserRow.__table__).order_by(UserRow.email)).all()
    return tuple(_user(row) for row in rows)


def user(database_url: str, user_id: int) -> User:
    """One of them. Raises NotThere."""
    found = _one(database_url, UserRow.id == user_id)
    if found is None:
        raise NotThere(f"user {user_id}")
    return found


def user_by_email(database_url: str, email: str) -> User | None:
    """Who signs in with this address, in whatever case."""
    if "\0" in email:  # which PostgreSQL does not take
        return None
    return _one(database_url, UserRow.email == email.strip().lower())


def is_set_up(database_url: str) -> bool:
    """Has an active admin set a password? Until then each start prints a sign-in link."""
    row = UserRow
    wanted = select(row.id).where(row.password_hash.is_not(None), row.is_active, row.role == Role.ADMIN).limit(1)
    with answers(database_url), engine(database_url).connect() as connection:
        return connection.execute(wanted).first() is not None


def add_user(database_url: str, email: str, name: str, role: Role, by: str) -> Person:
    """Somebody new, without a password. Raises EmailTaken."""
    email = email.strip().lower()
    adding = insert(UserRow).values(email=email, name=name, role=role.value, updated_by=by)
    with answers(database_url), engine(database_url).begin() as connection:
        try:
            made = connection.execute(adding)
        except IntegrityError:
            raise EmailTaken(email) from None
        assert made.inserted_primary_key is not None
        return Person(made.inserted_primary_key[0], email, name, role)


def change_user(
    database_url: str,
    user_id: int,
    by: str,
    *,
    name: str | None = None,
    role: Role | None = None,
    is_active: bool | None = None,
) -> None:
    """Change what is given. Raises NotThere, and LastAdmin where nobody could change anything any more."""
    given = {"name": name, "role": None if role is None else role.value, "is_active": is_active}
    with answers(database_url), engine(database_url).begin() as connection:
        # All admins are locked first and in one order: two who lower each other would wait for one another for ever.
        _admins(connection)
        _change(connection, user_id, by, {key: value for key, value in given.items() if value is not None})
        if not _admins(connection):
            raise LastAdmin


def set_password(database_url: str, user_id: int, password_hash: str | None, by: str) -> None:
    """Set it, or take it away: then a sign-in link is the only way in. Raises NotThere."""
    with answers(database_url), engine(database_url).begin() as connection:
        _change(connection, user_id, by, {"password_hash": password_hash})


def _change(connection: Connection, user_id: int, by: str, values: dict[str, Any]) -> None:
    change = update(UserRow).where(UserRow.id == user_id)
    if connection.execute(change.values(**values, updated_by=by, updated_at=func.now())).rowcount == 0:
        raise NotThere(f"user {user_id}")


def _admins(connection: Connection) -> bool:
    row = UserRow
    wanted = select(row.id).where(row.role == Role.ADMIN, row.is_active).order_by(row.id).with_for_update()
    return connection.execute(wanted).first() is not None


def _one(database_url: str, which: ColumnElement[bool]) -> User | None:
    with answers(database_url), engine(database_url).connect() as connection:
        row = connection.execute(select(UserRow.__table__).where(which)).first()
    return None if row is None else _user(row)


def _user(row: Row[Any]) -> User:
    signed_in = None if row.signed_in_at is None else ms(row.signed_in_at)
    return User(person(row), row.password_hash, row.is_active, signed_in, ms(row.created_at))

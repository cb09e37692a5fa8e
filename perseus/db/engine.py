"""How Perseus speaks to its database: one engine for each, bounded in connections and time, errors in words."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from perseus.db import deadline, failures
from perseus.db.urls import parse

_made: list[Engine] = []


@functools.cache
def engine(database_url: str) -> Engine:
    """The engine of a URL, one for each process. Errors as `parse`; opens no connection yet."""
    url = parse(database_url)
    if url.get_backend_name() == "sqlite":
        seconds = deadline.ANSWER_SECONDS
        made = sqlalchemy.create_engine(url, pool_timeout=seconds, connect_args={"timeout": seconds})
    else:
        from perseus.db import postgres  # its driver need not be installed for SQLite

        made = postgres.engine(url)
    _made.append(made)
    return made


@contextmanager
def answers(database_url: str) -> Iterator[None]:
    """Translate SQLAlchemy's errors to DatabaseUnavailable and DatabaseMismatch. Only database calls belong inside.

    All of them together end in `deadline.ANSWER_SECONDS`.
    """
    try:
        with deadline.within(deadline.ANSWER_SECONDS):
            yield
    except SQLAlchemyError as error:
        raise failures.in_words(database_url, error) from None


def added(connection: Connection, insertion: Insert, **values: Any) -> bool:
    """Add this row; False where somebody was faster. What the transaction did before stays."""
    try:
        with connection.begin_nested():
            connection.execute(insertion.values(**values))
    except IntegrityError:
        return False
    return True


def disconnect(database_url: str) -> None:
    """Close the connections that this process keeps; the next question opens another."""
    engine(database_url).dispose()


def _let_go() -> None:
    """A connection that two processes use answers one with what the other asked. The child forgets its parent's."""
    for one in _made:
        one.dispose(close=False)


os.register_at_fork(after_in_child=_let_go)

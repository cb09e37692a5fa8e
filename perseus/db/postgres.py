"""Connections to PostgreSQL: over SSL or not at all, and none waits longer than a call may.

The server's own limits end a statement that takes long. They are no help where the server stands still or the network
swallows what is sent, so each wait for an answer has an end here as well.
"""

from __future__ import annotations

import time
from typing import Any, TypeVar, cast

import psycopg
import sqlalchemy
from psycopg.abc import PQGen
from sqlalchemy import URL, Engine, event

from perseus.db import deadline
from perseus.db.failures import SILENT_SAID

CONNECT_SECONDS = 3
POOL_SECONDS = 2
#: A bit less than a call may wait, so that a slow statement is ended by the server, and the connection is kept.
STATEMENT_MS = 4_000
#: Locks of a process that was frozen in a transaction are freed after this.
IDLE_MS = 10_000
#: Even where the time is over, an answer that is there is taken: a rollback keeps the connection.
GRACE_SECONDS = 0.5
POOL_SIZE, POOL_MORE = 2, 2

Value = TypeVar("Value")


class NoAnswer(psycopg.OperationalError):
    """Raised when the server has not answered in time. The connection is closed."""


class Bounded(psycopg.Connection[Any]):
    """A connection whose every wait ends with the time of the call that it serves."""

    def wait(self, gen: PQGen[Value], *args: Any, **kwargs: Any) -> Value:
        """As psycopg's. Raises NoAnswer."""
        try:
            return super().wait(_bounded(gen, time.monotonic() + max(deadline.left(), GRACE_SECONDS)), *args, **kwargs)
        except NoAnswer:
            # Whatever comes later would be taken for the answer to the next question.
            self.pgconn.finish()
            raise


def engine(url: URL) -> Engine:
    """The engine of a URL that `perseus.db.urls.parse` gave; opens no connection yet."""
    made = sqlalchemy.create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_MORE,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": _options(url),
            # A statement that was prepared before a change of its tables fails after it.
            "prepare_threshold": None,
            "keepalives_idle": 30,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
    event.listen(made, "do_connect", _connect)
    return made


def _options(url: URL) -> str:
    own = {"statement_timeout": STATEMENT_MS, "idle_in_transaction_session_timeout": IDLE_MS}
    return " ".join((str(url.query.get("options", "")), *(f"-c {name}={value}" for name, value in own.items()))).strip()


def _connect(_dialect: Any, _record: Any, arguments: Any, values: dict[str, Any]) -> Bounded:
    if deadline.left() <= 0:
        raise NoAnswer(SILENT_SAID)
    connection = Bounded.connect(*arguments, **values)
    if not connection.pgconn.ssl_in_use:
        connection.close()
        raise psycopg.OperationalError("the connection is not encrypted")
    return connection


def _bounded(gen: PQGen[Value], end: float) -> PQGen[Value]:
    """The same generator, until `end`. psycopg resumes it every tenth of a second while nothing comes."""
    try:
        state = next(gen)
        while True:
            ready = yield state
            if time.monotonic() > end:
                raise NoAnswer(SILENT_SAID)
            state = gen.send(ready)
    except StopIteration as ended:
        return cast(Value, ended.value)

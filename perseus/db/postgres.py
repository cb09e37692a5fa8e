"""Connections to PostgreSQL: over SSL or not at all, and none waits longer than a call may.

The server's own limits end a statement that takes long. They are no help where the server stands still or the network
swallows what is sent, so each wait for an answer has an end here as well.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar, cast

import psycopg
import sqlalchemy
from psycopg.abc import ConnDict, PQGen
from psycopg.conninfo import conninfo_attempts, make_conninfo
from sqlalchemy import URL, Engine, event

from perseus.db import certificate, deadline
from perseus.db.failures import SILENT_SAID

#: For each address that is tried: what is left of the call is shared among them, within these limits.
CONNECT_SECONDS, CONNECT_LEAST = 3.0, 1.0
CONNECT_SAID = "connection timeout expired"
#: What libpq says of a certificate that OpenSSL does not take, whatever the reason.
UNTAKEN = "SSL error: "
POOL_SECONDS = 2
#: A bit less than a call may wait, so that a slow statement is ended by the server, and the connection is kept.
STATEMENT_MS = 4_000
#: Locks of a process that was frozen in a transaction are freed after this.
IDLE_MS = 10_000
#: Even where the time is over, an answer that is there is taken: a rollback keeps the connection.
GRACE_SECONDS = 0.5
POOL_SIZE, POOL_MORE = 2, 2
#: What is told to psycopg; all else is for libpq.
OWN = ("prepare_threshold", "context", "autocommit", "row_factory", "cursor_factory")

Value = TypeVar("Value")
State = TypeVar("State")


class NoAnswer(psycopg.OperationalError):
    """Raised when the server has not answered in time. The connection is closed."""


class Bounded(psycopg.Connection[Any]):
    """A connection whose every wait ends with the time of the call that it serves."""

    def wait(self, gen: PQGen[Value], *args: Any, **kwargs: Any) -> Value:
        """As psycopg's. Raises NoAnswer."""
        try:
            end = time.monotonic() + max(deadline.left(), GRACE_SECONDS)
            return super().wait(_bounded(gen, end, SILENT_SAID), *args, **kwargs)
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


def _connect(_dialect: Any, _record: Any, _arguments: Any, values: dict[str, Any]) -> Bounded:
    if deadline.left() <= 0:
        raise NoAnswer(SILENT_SAID)
    own = {name: value for name, value in values.items() if name in OWN}
    given = {name: value for name, value in values.items() if name not in OWN}
    connection = _reached(conninfo_attempts(given), own)
    if not connection.pgconn.ssl_in_use:
        connection.close()
        raise psycopg.OperationalError("the connection is not encrypted")
    return connection


def _reached(places: Sequence[ConnDict], own: dict[str, Any]) -> Bounded:
    """The first of these that lets us in. Raises psycopg's errors, those of all places in one."""
    failures: list[psycopg.Error] = []
    for number, place in enumerate(places):
        share = deadline.left() / (len(places) - number)
        try:
            return _in_time(place, own, min(max(share, CONNECT_LEAST), CONNECT_SECONDS, deadline.left()))
        except psycopg.OperationalError as error:
            failures.append(_explained(error, place))
        if deadline.left() <= 0:
            break
    raise type(failures[-1])("\n".join(str(error) for error in reversed(failures)))


def _in_time(place: ConnDict, own: dict[str, Any], seconds: float) -> Bounded:
    """A connection to one address. Raises NoAnswer, and psycopg's errors.

    psycopg ends an attempt after whole seconds alone, and after two at least. So it is made in a thread of its own:
    one that comes later than somebody waits for it is closed there.
    """
    made: Future[Bounded] = Future()
    conninfo = make_conninfo("", **{"connect_timeout": math.ceil(CONNECT_SECONDS), **place})
    threading.Thread(target=_make, args=(made, conninfo, own), name="database", daemon=True).start()
    try:
        with suppress(TimeoutError):
            return made.result(seconds)
    finally:
        is_late = made.cancel()
    if is_late:
        raise NoAnswer(CONNECT_SAID)
    return made.result()


def _make(made: Future[Bounded], conninfo: str, own: dict[str, Any]) -> None:
    try:
        connection = Bounded.connect(conninfo, **own)
    except psycopg.Error as error:
        if made.set_running_or_notify_cancel():
            made.set_exception(error)
        return
    if made.set_running_or_notify_cancel():
        made.set_result(connection)
    else:
        connection.close()


def _explained(error: psycopg.Error, place: ConnDict) -> psycopg.Error:
    if UNTAKEN not in str(error) or deadline.left() <= 0:
        return error
    why = certificate.trouble(place, min(deadline.left() / 2, CONNECT_LEAST))
    return psycopg.OperationalError(f"{error}\n{why}")


def _bounded(gen: Generator[State, Any, Value], end: float, said: str) -> Generator[State, Any, Value]:
    """The same generator, until `end`. psycopg resumes it every tenth of a second while nothing comes."""
    try:
        state = next(gen)
        while True:
            ready = yield state
            if time.monotonic() > end:
                raise NoAnswer(said)
            state = gen.send(ready)
    except StopIteration as ended:
        return cast(Value, ended.value)

"""Connection records: with what somebody reaches an exchange. Names of environment variables, never what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from perseus.db.engine import answers, engine
from perseus.db.errors import AlreadySetUp, DefaultTaken, NotActive, NotThere
from perseus.db.models import ConnectionRow, ExchangeRow, UserRow
from perseus.db.notifyrows import moment, ms
from perseus.network.exchange import Exchange

#: The index that holds it, as PostgreSQL names it in a refusal.
ONE_DEFAULT = "user_exchanges_default_key"


class Access(NamedTuple):
    """What a person says of a record. `key`, `secret`: None where it is used without; `further`: more names."""

    display_name: str
    key: str | None
    secret: str | None
    further: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Every name, each once."""
        return tuple(dict.fromkeys(filter(None, (self.key, self.secret, *self.further))))


class Record(NamedTuple):
    """One of them. Times are Unix milliseconds. `connected_ms`: when a test with it last succeeded, None for never."""

    exchange: Exchange
    access: Access
    is_active: bool
    is_default: bool
    connected_ms: int | None
    created_ms: int


class Offered(NamedTuple):
    """An active exchange, and from where it may not be used: `blocked`, `httpStatus`; {} for anywhere."""

    exchange: Exchange
    restrictions: Mapping[str, Any]


def offered(database_url: str) -> tuple[Offered, ...]:
    """The exchanges that can be set up, by id. Errors as `perseus.db.exchanges`."""
    row = ExchangeRow
    wanted = select(row.id, row.name, row.display_name, row.geo_restrictions).where(row.is_active).order_by(row.id)
    with answers(database_url), engine(database_url).connect() as connection:
        rows = connection.execute(wanted).all()
    return tuple(Offered(Exchange(one.id, one.name, one.display_name), _object(one.geo_restrictions)) for one in rows)


def records(database_url: str, user_id: int) -> tuple[Record, ...]:
    """Those of a person, by exchange id. Errors as `offered`."""
    wanted = _wanted(ConnectionRow.user_id == user_id).order_by(ConnectionRow.exchange_id)
    with answers(database_url), engine(database_url).connect() as connection:
        return tuple(_record(row) for row in connection.execute(wanted))


def record(database_url: str, user_id: int, exchange: Exchange) -> Record | None:
    """That of a person and an exchange; None where there is none. Errors as `offered`."""
    with answers(database_url), engine(database_url).connect() as connection:
        row = connection.execute(_wanted(_which(user_id, exchange))).first()
    return None if row is None else _record(row)


def default_record(database_url: str, user_id: int) -> Record | None:
    """The one that they use where they do not say: their default, None where they chose none."""
    with answers(database_url), engine(database_url).connect() as connection:
        row = connection.execute(_wanted(and_(ConnectionRow.user_id == user_id, ConnectionRow.is_default))).first()
    return None if row is None else _record(row)


def add_record(database_url: str, user_id: int, exchange: Exchange, access: Access) -> None:
    """A new one, active; it is the default where they have no other. Raises AlreadySetUp, DefaultTaken."""
    row = ConnectionRow
    has_default = select(row.id).where(row.user_id == user_id, row.is_default)
    values = {"user_id": user_id, "exchange_id": exchange.id, **_values(access)}
    with answers(database_url), engine(database_url).begin() as connection:
        _lock(connection, user_id)
        is_first = connection.execute(has_default).first() is None
        try:
            connection.execute(insert(row).values(**values, is_default=is_first))
        except IntegrityError as error:
            raise (DefaultTaken if ONE_DEFAULT in str(error.orig) else AlreadySetUp)(exchange.name) from None


def change_record(database_url: str, user_id: int, exchange: Exchange, access: Access) -> None:
    """Say other names. Raises NotThere. What was tested before counts no more where the names are others."""
    with answers(database_url), engine(database_url).begin() as connection:
        _lock(connection, user_id)
        before = connection.execute(_wanted(_which(user_id, exchange))).first()
        values = _values(access)
        if before is not None and set(_record(before).access.variables) != set(access.variables):
            values["last_connected_at"] = None
        _change(connection, user_id, exchange, values)


def set_default(database_url: str, user_id: int, exchange: Exchange) -> None:
    """Make it the default, and no other. Raises NotThere, DefaultTaken, and NotActive for one that is switched off."""
    row = ConnectionRow
    with answers(database_url), engine(database_url).begin() as connection:
        _lock(connection, user_id)
        is_active = connection.scalar(select(row.is_active).where(_which(user_id, exchange)))
        if is_active is False:
            raise NotActive(exchange.name)
        others = update(row).where(row.user_id == user_id, row.is_default, row.exchange_id != exchange.id)
        connection.execute(others.values(is_default=False, updated_at=func.now()))
        try:
            _change(connection, user_id, exchange, {"is_default": True})
        except IntegrityError:
            raise DefaultTaken(exchange.name) from None


def set_active(database_url: str, user_id: int, exchange: Exchange, is_active: bool) -> None:
    """Switch it on or off. One that is off is nobody's default. Raises NotThere."""
    values = {"is_active": True} if is_active else {"is_active": False, "is_default": False}
    with answers(database_url), engine(database_url).begin() as connection:
        _lock(connection, user_id)
        _change(connection, user_id, exchange, values)


def note_connected(database_url: str, user_id: int, exchange: Exchange, at_ms: int) -> None:
    """A test with it succeeded then. Of a record that is gone nothing is noted."""
    noted = update(ConnectionRow).where(_which(user_id, exchange)).values(last_connected_at=moment(at_ms))
    with answers(database_url), engine(database_url).begin() as connection:
        connection.execute(noted)


def _lock(connection: Connection, user_id: int) -> None:
    """What else changes records of this person waits until the transaction ends: the first statement writes."""
    row = UserRow
    connection.execute(update(row).where(row.id == user_id).values(is_active=row.is_active))


def _change(connection: Connection, user_id: int, exchange: Exchange, values: dict[str, Any]) -> None:
    change = update(ConnectionRow).where(_which(user_id, exchange)).values(**values, updated_at=func.now())
    if connection.execute(change).rowcount == 0:
        raise NotThere(f"connection record of {exchange.name}")


def _which(user_id: int, exchange: Exchange) -> ColumnElement[bool]:
    return and_(ConnectionRow.user_id == user_id, ConnectionRow.exchange_id == exchange.id)


def _wanted(which: ColumnElement[bool]) -> Any:
    known = ExchangeRow
    columns = (known.name.label("exchange_name"), known.display_name.label("exchange_display_name"))
    return select(ConnectionRow.__table__, *columns).join(known, known.id == ConnectionRow.exchange_id).where(which)


def _values(access: Access) -> dict[str, Any]:
    return {
        "display_name": access.display_name,
        "api_key_env_var": access.key,
        "api_secret_env_var": access.secret,
        "further_env_vars": list(access.further),
    }


def _record(row: Row[Any]) -> Record:
    further = row.further_env_vars if isinstance(row.further_env_vars, list) else []
    return Record(
        Exchange(row.exchange_id, row.exchange_name, row.exchange_display_name),
        Access(row.display_name, row.api_key_env_var, row.api_secret_env_var, tuple(map(str, further))),
        row.is_active,
        row.is_default,
        None if row.last_connected_at is None else ms(row.last_connected_at),
        ms(row.created_at),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

"""The tables as SQLAlchemy sees them. schema.sql is their source of truth; a test holds both equal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FIRST_OWN_ID = 1000
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Time = DateTime(timezone=True)


class Base(DeclarativeBase):
    """Root of the tables."""


def _one_of(name: str, column: str, pattern: str, glob: str) -> tuple[CheckConstraint, CheckConstraint]:
    """The same check in PostgreSQL's words and in SQLite's."""
    return (
        CheckConstraint(f"{column} ~ '{pattern}'", name=name, info={"dialect": "postgresql"}).ddl_if("postgresql"),
        CheckConstraint(glob, name=name, info={"dialect": "sqlite"}).ddl_if("sqlite"),
    )


class ExchangeRow(Base):
    """One exchange: its names, addresses, limits and fees. Ids below 1000 are those of the seed rows."""

    __tablename__ = "exchanges"
    __table_args__ = _one_of(
        "exchanges_name_check", "name", "^[a-z0-9_-]+$", "name <> '' AND name NOT GLOB '*[^a-z0-9_-]*'"
    )

    id: Mapped[int] = mapped_column(Integer, Identity(start=FIRST_OWN_ID), primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    ws_url: Mapped[str | None] = mapped_column(String(255))
    rest_url: Mapped[str | None] = mapped_column(String(255))
    supported_timeframes: Mapped[list[str]] = mapped_column(Json, server_default=text("'[]'"))
    api_limits: Mapped[dict[str, Any] | None] = mapped_column(Json)
    fee_schedule: Mapped[dict[str, Any] | None] = mapped_column(Json)
    geo_restrictions: Mapped[dict[str, Any] | None] = mapped_column(Json)
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    created_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())


class DestinationRow(Base):
    """One destination. `config` None: the environment configures it, and the row adds policy and pause."""

    __tablename__ = "destinations"
    __table_args__ = (
        *_one_of(
            "destinations_id_check",
            "id",
            "^[a-z0-9][a-z0-9_-]*$",
            "id GLOB '[a-z0-9]*' AND id NOT GLOB '*[^a-z0-9_-]*'",
        ),
        *_one_of("destinations_kind_check", "kind", "^[a-z0-9_-]+$", "kind <> '' AND kind NOT GLOB '*[^a-z0-9_-]*'"),
    )

    id: Mapped[str] = mapped_column(String(50), primary_key=True)
    kind: Mapped[str] = mapped_column(String(50))
    config: Mapped[dict[str, Any] | None] = mapped_column(Json)
    policy: Mapped[dict[str, Any]] = mapped_column(Json, server_default=text("'{}'"))
    is_paused: Mapped[bool] = mapped_column(Boolean, server_default=false())
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_by: Mapped[str | None] = mapped_column(String(200))


class SettingRow(Base):
    """One document that holds for all destinations. The row `rules` is a JSON list of them, in order."""

    __tablename__ = "notify_settings"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[Any] = mapped_column(Json, nullable=False)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_by: Mapped[str | None] = mapped_column(String(200))


class SilenceRow(Base):
    """One silence. `ended_at` None: nobody ended it before its time. SQLite keeps times as UTC without saying so."""

    __tablename__ = "silences"

    id: Mapped[str] = mapped_column(String(50), primary_key=True)
    match: Mapped[dict[str, Any]] = mapped_column(Json, server_default=text("'{}'"))
    destinations: Mapped[list[str]] = mapped_column(Json, server_default=text("'[]'"))
    starts_at: Mapped[datetime] = mapped_column(Time)
    ends_at: Mapped[datetime] = mapped_column(Time)
    author: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(Time)
    ended_by: Mapped[str | None] = mapped_column(String(200))


class SwitchRow(Base):
    """A plugin that was switched off, or on again. Without a row it is on."""

    __tablename__ = "plugin_switches"

    plugin: Mapped[str] = mapped_column(String(100), primary_key=True)
    is_enabled: Mapped[bool] = mapped_column(Boolean)
    updated_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_by: Mapped[str | None] = mapped_column(String(200))


class UserRow(Base):
    """Somebody who may sign in. `email` in lower case; `password_hash` None: they have set no password yet."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'operator', 'admin')", name="users_role_check"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    signed_in_at: Mapped[datetime | None] = mapped_column(Time)
    created_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_by: Mapped[str | None] = mapped_column(String(200))


class SessionRow(Base):
    """One browser that is signed in. `key_hash`: SHA-256 of the key in its cookie."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("users.id"))
    ip: Mapped[str] = mapped_column(String(45))
    browser: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Time)
    used_at: Mapped[datetime] = mapped_column(Time)
    expires_at: Mapped[datetime] = mapped_column(Time)


class TokenRow(Base):
    """One API token. `expires_at` None: it holds until somebody revokes it."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Time)
    used_at: Mapped[datetime | None] = mapped_column(Time)
    expires_at: Mapped[datetime | None] = mapped_column(Time)


class LinkRow(Base):
    """One link that signs somebody in once."""

    __tablename__ = "sign_in_links"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(Time)
    expires_at: Mapped[datetime] = mapped_column(Time)
    created_by: Mapped[str | None] = mapped_column(String(200))


class ConnectionRow(Base):
    """With what somebody reaches an exchange: names of environment variables, never what they hold."""

    __tablename__ = "user_exchanges"
    __table_args__ = (
        UniqueConstraint("user_id", "exchange_id", name="user_exchanges_user_id_exchange_id_key"),
        Index(
            "user_exchanges_default_key",
            "user_id",
            unique=True,
            postgresql_where=text("is_default"),
            sqlite_where=text("is_default"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("users.id"))
    exchange_id: Mapped[int] = mapped_column(Integer, ForeignKey("exchanges.id"))
    display_name: Mapped[str] = mapped_column(String(100))
    api_key_env_var: Mapped[str | None] = mapped_column(String(100))
    api_secret_env_var: Mapped[str | None] = mapped_column(String(100))
    further_env_vars: Mapped[list[str]] = mapped_column(Json, server_default=text("'[]'"))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=false())
    last_connected_at: Mapped[datetime | None] = mapped_column(Time)
    created_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())


class WatchedRow(Base):
    """One symbol that ingest processes of an exchange take in."""

    __tablename__ = "watched_symbols"

    exchange_id: Mapped[int] = mapped_column(Integer, ForeignKey("exchanges.id"), primary_key=True, autoincrement=False)
    symbol: Mapped[str] = mapped_column(String(50), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Time, server_default=func.now())
    created_by: Mapped[str | None] = mapped_column(String(200))

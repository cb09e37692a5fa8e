"""The tables as SQLAlchemy sees them. schema.sql is their source of truth; a test holds both equal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, CheckConstraint, DateTime, Identity, Integer, String, func, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FIRST_OWN_ID = 1000
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Root of the tables."""


class ExchangeRow(Base):
    """One exchange: its names, addresses, limits and fees. Ids below 1000 are those of the seed rows."""

    __tablename__ = "exchanges"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9_-]+$'", name="exchanges_name_check").ddl_if(dialect="postgresql"),
        CheckConstraint("name <> '' AND name NOT GLOB '*[^a-z0-9_-]*'", name="exchanges_name_check").ddl_if(
            dialect="sqlite"
        ),
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
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

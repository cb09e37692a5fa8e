"""Exchanges that are all switched off, and the line that switches one on."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select

from perseus.db.engine import answers, engine
from perseus.db.models import ExchangeRow
from perseus.db.statements import command

STATEMENT = "UPDATE exchanges SET is_active = true WHERE name = '{name}'"


class SwitchedOff(NamedTuple):
    """`total`: how many exchanges there are, none of them active. `command`: for a shell, switches the first one on."""

    total: int
    command: str

    @property
    def said(self) -> str:
        """As a sentence without its full stop."""
        return "1 exchange, switched off" if self.total == 1 else f"{self.total} exchanges, all switched off"


def all_off(database_url: str) -> SwitchedOff | None:
    """None while one is active, and where there are none. Errors as `perseus.db.exchanges`."""
    wanted = select(ExchangeRow.name, ExchangeRow.is_active).order_by(ExchangeRow.id)
    with answers(database_url), engine(database_url).connect() as connection:
        rows = connection.execute(wanted).all()
    if not rows or any(row.is_active for row in rows):
        return None
    return SwitchedOff(len(rows), switching_on(database_url, rows[0].name))


def switching_on(database_url: str, name: str) -> str:
    """A command for a shell."""
    return command(database_url, STATEMENT.format(name=name))

"""What the doctor is told of the database: whether it fits, and what it names."""

from __future__ import annotations

from perseus.db import notifying
from perseus.db.errors import DatabaseMismatch, DatabaseReadOnly, DatabaseRefused, DatabaseUnavailable
from perseus.db.switch import all_off
from perseus.db.tables import check, exchanges
from perseus.db.urls import where
from perseus.doctor.site import DatabaseFacts
from perseus.errors import PerseusError
from perseus.sealing import Sealer


def facts(database_url: str, sealer: Sealer) -> DatabaseFacts:
    """Ask it. Never raises; says no secret, and its address in `place` alone."""
    read_only = ""
    try:
        try:
            check(database_url)
        except DatabaseReadOnly as error:
            read_only = f"It can only be read: {error.reason}"
        known = exchanges(database_url)
        off = None if known else all_off(database_url)
        saved = notifying.load(database_url, sealer).destinations
    except DatabaseRefused as error:
        return DatabaseFacts(error.reason, error.mend, is_refused=True, place=error.where)
    except DatabaseUnavailable as error:
        return DatabaseFacts(error.reason, is_silent=True, place=error.where)
    except DatabaseMismatch as error:
        return DatabaseFacts(error.problem, error.mend, place=error.where, commands=tuple(error.commands))
    except PerseusError as error:
        return DatabaseFacts(str(error))
    return DatabaseFacts(
        exchanges=known,
        read_only=read_only,
        place=where(database_url),
        all_off=off.said if off else "",
        switch_on=off.command if off else "",
        destinations=sum(not one.is_paused for one in saved),
    )

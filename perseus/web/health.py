"""`/health`: this process lives. `/health/ready`: it can also do its work."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from perseus.db import DatabaseMismatch, DatabaseReadOnly, DatabaseRefused
from perseus.errors import PerseusError
from perseus.network.view.reading import StoreNotice
from perseus.network.view.refusing import Refusing
from perseus.web import problems
from perseus.web.problems import Problem
from perseus.web.site import site

SILENT = "does not answer"
UNFIT = "does not fit this version"
REFUSED = f"does not let Perseus in: {problems.WHO_MENDS.rstrip('.')}"
READ_ONLY = "takes no changes: it can only be read"

routes = Blueprint("health", __name__)


@routes.get("/health")
def alive() -> Response:
    """Asks nobody else, so that a supervisor does not restart a sound process because Redis is down."""
    return jsonify(status="ok")


@routes.get("/health/ready")
def ready() -> Response:
    """503 names each part that does not answer, a store that takes no writes, and a database that does not fit."""
    site().known()
    site().fit()
    parts = {"store": _store(site().directory.store_state()), "database": _database(site().database_trouble)}
    said = {name: trouble or "ok" for name, trouble in parts.items()}
    troubles = {name: trouble for name, trouble in parts.items() if trouble}
    if troubles:
        return problems.answer(Problem(503, f"Not ready: {_together(troubles)}.", facts=tuple(said.items())))
    return jsonify(status="ready", **said)


def _store(state: StoreNotice) -> str | None:
    if not state.answers:
        return SILENT if state.denied is None else f"refuses us: {state.denied}"
    if state.refused is None:
        return None
    refusing = state.refusing or (Refusing("", state.refused),)
    return f"refuses writes: {'; '.join(dict.fromkeys(one.why for one in refusing))}"


def _database(trouble: PerseusError | None) -> str | None:
    """What differs is in the log, and for admins with the doctor: anybody may ask here."""
    if trouble is None:
        return None
    if isinstance(trouble, DatabaseReadOnly):
        return READ_ONLY
    if isinstance(trouble, DatabaseRefused):
        return REFUSED
    return UNFIT if isinstance(trouble, DatabaseMismatch) else SILENT


def _together(troubles: dict[str, str]) -> str:
    if len(troubles) > 1 and set(troubles.values()) == {SILENT}:
        return f"the {' and the '.join(troubles)} do not answer"
    return ", and ".join(f"the {name} {trouble}" for name, trouble in troubles.items())

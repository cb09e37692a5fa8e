"""`/health`: this process lives. `/health/ready`: it can also do its work."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from perseus.web import problems
from perseus.web.problems import Problem
from perseus.web.site import site

routes = Blueprint("health", __name__)


@routes.get("/health")
def alive() -> Response:
    """Asks nobody else, so that a supervisor does not restart a sound process because Redis is down."""
    return jsonify(status="ok")


@routes.get("/health/ready")
def ready() -> Response:
    """503 names each part that does not answer."""
    site().known()
    parts = {"store": site().directory.store_is_up(), "database": site().known.trouble is None}
    said = {name: "ok" if answers else "does not answer" for name, answers in parts.items()}
    silent = [name for name, answers in parts.items() if not answers]
    if silent:
        detail = f"Not ready: the {' and the '.join(silent)} {'does' if len(silent) == 1 else 'do'} not answer."
        return problems.answer(Problem(503, detail, facts=tuple(said.items())))
    return jsonify(status="ready", **said)

"""The JSON API of the network: RPC-01 to RPC-03. Names are camelCase, times ISO 8601 UTC, ages milliseconds."""

from __future__ import annotations

import functools

from flask import Blueprint, Response, jsonify

from perseus.network.log.activity import Event
from perseus.network.log.usual import Usual, exceeded, usual
from perseus.network.view import document
from perseus.network.view.directory import ExchangeStatus
from perseus.web import problems
from perseus.web.parameters import count, query
from perseus.web.problems import Problem
from perseus.web.site import site

routes = Blueprint("api", __name__, url_prefix="/api/network")


@routes.get("/instances")
def instances() -> Response:
    """RPC-01: every exchange that the database names, with its instance or without."""
    query(())
    view = site().shared.view()
    if not view.store.answers:
        return problems.answer(Problem(503, problems.STORE_SILENT))
    if not view.exchanges and (trouble := site().known.trouble):
        return problems.answer(problems.of_database(trouble))
    return jsonify(document.network(view, lambda status: _exceeded(status, view.now_ms)))


@routes.get("/activity")
def activity() -> Response:
    """RPC-02: events, newest first; `older` is the cursor of the next page, null at the end."""
    given = query(("exchange", "count", "cursor"))
    page = site().directory.activity(count(given.get("count")), given.get("cursor"), given.get("exchange"))
    return jsonify(events=[_event(event) for event in page.events], older=page.older)


@routes.get("/exchanges/<int:exchange_id>")
def exchange(exchange_id: int) -> Response:
    """RPC-03: one exchange, `online` false when nothing serves it."""
    query(())
    status = site().directory.exchange(exchange_id)
    return jsonify(document.instance(status, _exceeded(status, site().shared.view().now_ms)))


def _exceeded(status: ExchangeStatus, now_ms: int) -> Usual | None:
    history = site().history(status.exchange)
    return exceeded(status, now_ms, functools.partial(usual, history)) if history else None


def _event(event: Event) -> dict[str, str]:
    return {**event.fields, "name": event.name, "id": event.stream_id, "exchange": event.exchange.name}

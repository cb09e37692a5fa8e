"""What goes wrong, as an answer: `application/problem+json` (RFC 9457) for programs, a page for people.

Nothing internal is said: no addresses, no traces. Those are in the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from perseus.access.turns import Unasked
from perseus.db import DatabaseMismatch, DatabaseReadOnly, DatabaseRefused, DatabaseUnavailable
from perseus.db.errors import NameTaken, NotStorable, NotThere, StaleRevision
from perseus.errors import (
    PerseusError,
    StoreCorrupt,
    StoreRefused,
    StoreRefusesWrites,
    StoreRightsMissing,
    StoreUnavailable,
    UnknownExchange,
)
from perseus.network.view.directory import BadCursor, StoreNotice
from perseus.notify.told.lookup import UnknownDestination, UnknownEvent
from perseus.store import refusal
from perseus.web import typed
from perseus.web.templating import Context, render
from perseus.web.typed import Typed

log = logging.getLogger(__name__)

PROGRAMS = ("/api/", "/health")
MEDIA_TYPE = "application/problem+json"
WHO_MENDS = "perseus doctor says what mends it."
STORE_SILENT = "The data store does not answer. Try again in a few seconds, or check that it runs."
DATABASE_SILENT = "The database does not answer. Check that it runs; the log says more."
DATABASE_REFUSED = f"The database does not let Perseus in. {WHO_MENDS}"
DATABASE_UNFIT = "The database does not fit this version. perseus doctor says what differs and what mends it."
RETRY_SECONDS = "5"
BROKEN = "This is our mistake, not yours. It is in the server's log with the time of your request."
OURS = {
    400: "The request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address is not asked in this way.",
    413: "That is more than this address takes.",
}
NEXT_STEPS = {404: "Check the address, or start from the"}  # the page goes on: "Network page."


class BadParameter(PerseusError):
    """Raised when a query parameter is not one this address takes, or its value is not one it may have."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong. `field` is the query parameter at fault, if one is; `facts` are further members of the JSON."""

    status: int
    detail: str
    field: str | None = None
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


@dataclass(frozen=True, slots=True)
class ErrorPage(Context):
    """`problem.html`."""

    template: ClassVar[str] = "problem.html"
    title: str
    problem: Problem
    next_step: str
    typed: Typed | None = None


def install(app: Flask, denied: Callable[[], object] = lambda: None) -> None:
    """Turn every exception that leaves a view into an answer. `denied`: told when the store withheld a right."""

    def withheld(error: StoreRightsMissing) -> Response:
        denied()
        return _failed(error)

    app.register_error_handler(StoreRightsMissing, withheld)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(PerseusError, _failed)
    app.register_error_handler(Exception, _broken)


def answer(problem: Problem) -> Response:
    """The problem in the form that the asker can read."""
    return _json(problem) if request.path.startswith(PROGRAMS) else _page(problem)


def of(error: PerseusError) -> Problem | None:
    """The problem that an error is to the asker; None for an error that no request may cause."""
    match error:
        case UnknownExchange():
            return Problem(404, error.brief)
        case BadCursor():
            return Problem(400, "Not a cursor. Use one of an earlier answer, or none for the newest ones.", "cursor")
        case BadParameter():
            return Problem(400, str(error), error.field)
        case UnknownEvent() | UnknownDestination() | NotThere():
            return Problem(404, str(error))
        case StaleRevision() | NameTaken():
            return Problem(409, str(error))
        case StoreRefusesWrites():
            why = refusal.why(error.code, error.slot)
            said = f"The data store refuses writes: {error.code}: {why}."
            return Problem(503, f"{said} {WHO_MENDS}")
        case StoreRefused():
            return Problem(503, f"The data store refuses us: {StoreNotice.failing(error).denied}. {WHO_MENDS}")
        case StoreUnavailable():
            return Problem(503, STORE_SILENT)
        case StoreCorrupt():
            said = f"In the data store {error.key} holds something that Perseus did not write. Nothing was done."
            return Problem(503, f"{said} Who writes it anew deletes it within seconds: try again then.")
        case NotStorable():
            return Problem(400, f"That cannot be saved: {error.reason}.")
        case DatabaseMismatch():
            return Problem(503, DATABASE_UNFIT)
        case DatabaseReadOnly():
            return Problem(503, f"The database takes no changes: {error.reason}.")
        case DatabaseRefused():
            return Problem(503, DATABASE_REFUSED)
        case DatabaseUnavailable() | Unasked():
            return Problem(503, DATABASE_SILENT)
    return None


def of_database(trouble: PerseusError) -> Problem:
    """What its trouble is to who asks for what it names."""
    return of(trouble) or Problem(503, DATABASE_SILENT)


def _json(problem: Problem) -> Response:
    body = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail}
    body |= {"field": problem.field} if problem.field else {}
    return Response(json.dumps(body | dict(problem.facts)), problem.status, content_type=MEDIA_TYPE)


def _page(problem: Problem) -> Response:
    next_step = NEXT_STEPS.get(problem.status, "Go back to the")
    kept = typed.typed() if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Response(render(ErrorPage(problem.title, problem, next_step, kept)), problem.status)


def _refused(error: HTTPException) -> Response:
    response = answer(Problem(error.code or 500, _said(error)))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _said(error: HTTPException) -> str:
    """What the site says of it itself, where nobody said why."""
    said = error.description or ""
    return OURS.get(error.code or 500, said) if said in ("", type(error).description) else said


def _failed(error: PerseusError) -> Response:
    problem = of(error)
    if problem is None:
        return _broken(error)
    if problem.status >= 500:
        note(error)
    return _passing(problem)


def _passing(problem: Problem) -> Response:
    """The answer; to what passes it says when to ask again."""
    response = answer(problem)
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_SECONDS
    return response


def beside(error: PerseusError, said: str) -> Response:
    """The same answer, with what is so in spite of it. Raises `error` where it is none that passes."""
    problem = of(error)
    if problem is None or problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
        raise error
    note(error)
    return _passing(replace(problem, detail=f"{said} {problem.detail}"))


def note(error: PerseusError) -> None:
    """Say in the log what a request met."""
    # That the database is silent was said once; whoever is turned away for it must not be able to fill the log.
    if not isinstance(error, Unasked):
        log.warning("%s %s: %s", request.method, _place(), error)


def _broken(error: Exception) -> Response:
    # The boundary of all views: whatever is left is a bug. It costs this answer alone and goes to the log whole.
    log.error("%s %s failed", request.method, _place(), exc_info=error)
    return answer(Problem(500, BROKEN))


def _place() -> str:
    """The address as a log may have it: that of a sign-in link without its key, which may still be good."""
    key = (request.view_args or {}).get("key")
    return request.path.replace(str(key), "...") if key else request.path

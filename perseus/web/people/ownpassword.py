"""Sets one's own password."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access import passwords
from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.web import words
from perseus.web.people.access import Access
from perseus.web.people.account import came_by_link, whole
from perseus.web.people.guard import needs, person
from perseus.web.people.signin import begin
from perseus.web.site import access

WRONG = "The present password is not right."
UNLIKE = "The two are not the same. Type the new password twice."
MANY = "Too many tries. No more are taken for {wait}, right or wrong."
BUSY_SECONDS = 5

routes = Blueprint("ownpassword", __name__)


@routes.post("/account/password")
@needs(Role.VIEWER)
def change() -> BaseResponse:
    """Set it, and sign out all browsers but this one, which gets a new session: a copy of its cookie is void, too."""
    here, who = access(), person()
    wanted = request.form.get("password", "")
    try:
        refused = _refused(here, wanted)
        if refused is not None:
            return refused
        rows.set_password(here.database_url, who.id, passwords.hashed(wanted), who.email)
    except passwords.TooBusy as error:
        return _later(str(error), 503, BUSY_SECONDS)
    rows.end_sessions(here.database_url, who.id)
    begin(here, who)
    here.forget()
    return redirect(url_for("account.page", saved="password"), 303)


def _refused(here: Access, wanted: str) -> Response | None:
    """The answer to what cannot be a new password, or was sent by somebody who does not know the present one."""
    who = person()
    if wanted != request.form.get("again", ""):
        return whole(password_problem=UNLIKE)
    problem = passwords.problem(wanted, (who.email, who.email.partition("@")[0], who.name))
    if problem:
        return whole(password_problem=problem)
    stored = rows.user(here.database_url, who.id).password_hash
    if stored is None or came_by_link(here.clock.wall_ms()):
        return None
    wait = here.throttle.wait_seconds(who.email, request.remote_addr or "")
    if wait:
        return _later(MANY.format(wait=words.span(wait * 1000)), 429, wait)
    if not passwords.matches(request.form.get("current", ""), stored):
        return whole(password_problem=WRONG, status=403)
    here.throttle.succeeded(who.email)
    return None


def _later(problem: str, status: int, seconds: int) -> Response:
    response = whole(password_problem=problem, status=status)
    response.headers["Retry-After"] = str(seconds)
    return response

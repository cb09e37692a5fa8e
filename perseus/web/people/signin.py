"""Signing in with a password or a one-time link, and signing out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, g, make_response, redirect, request, session
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as BaseResponse

from perseus.access import keys, passwords
from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db.users import User
from perseus.web import words
from perseus.web.comesback import comes_back
from perseus.web.people.access import Access
from perseus.web.people.guard import ENDED, SIGN_IN, Visitor, needs, own_path
from perseus.web.site import access
from perseus.web.templating import Context, render

routes = Blueprint("signin", __name__)

WRONG = "The address or the password is not right. Passwords differ in capital and small letters."
MANY = "Too many tries. No more are taken for {wait}, right or wrong. A sign-in link still works."
BUSY_SECONDS = 5
#: What a browser says of an address that somebody typed, pasted, or opened from another program.
BY_HAND = {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}
#: In the session of who came in by a link: when, in ms of the wall clock.
CAME_BY_LINK = "link_ms"


@dataclass(frozen=True, slots=True)
class SignInPage(Context):
    """`signin.html`. `then`: the path to go on to. `problem`: '' for none. `has_ended`: say why they are here."""

    template: ClassVar[str] = "signin.html"
    title: str
    email: str
    then: str
    problem: str
    has_ended: bool = False


@dataclass(frozen=True, slots=True)
class LinkPage(Context):
    """`signinlink.html`. `email`: whom it signs in; None: nobody, it is void. `address`: where its button leads."""

    template: ClassVar[str] = "signinlink.html"
    title: str
    email: str | None
    address: str


@routes.get(SIGN_IN)
def form() -> BaseResponse:
    """The form; who is signed in already goes on."""
    then = own_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(then, 303)
    return make_response(render(SignInPage("Sign in · Perseus", "", then, "", has_ended=ENDED in request.args)))


def _unsigned(why: str) -> Response:
    return _form(_email(), own_path(request.form.get("next")), why, 503)


@routes.post(SIGN_IN)
@comes_back(_unsigned, still_here="Your address is still here: sign in again in a moment.")
def sign_in() -> BaseResponse:
    """The tries are counted before the password is looked at, and a wrong one takes as long as a right one."""
    email, then = _email(), own_path(request.form.get("next"))
    here = access()
    wait = here.throttle.wait_seconds(email, request.remote_addr or "")
    if wait:
        return _later(email, then, MANY.format(wait=words.span(wait * 1000)), 429, wait)
    try:
        found = _checked(here, email, request.form.get("password", ""))
    except passwords.TooBusy as error:
        return _later(email, then, str(error), 503, BUSY_SECONDS)
    if found is None:
        return _form(email, then, WRONG, 403)
    here.throttle.succeeded(email)
    begin(here, found)
    return redirect(then, 303)


@routes.post("/sign-out")
@needs(Role.VIEWER)
def sign_out() -> BaseResponse:
    """End this session, here and in the database."""
    here = access()
    rows.end_session_of(here.database_url, keys.digest(current_user.get_id()))
    here.forget()
    logout_user()
    session.clear()
    return redirect(SIGN_IN, 303)


@routes.get(f"{SIGN_IN}/link/<key>")
def link(key: str) -> BaseResponse:
    """Sign in at once for somebody who opened the link by hand; else ask first.

    Chat services and scanners of mail open each link they see, and would use it up. A browser says what it is.
    """
    here, hashed = access(), keys.digest(key)
    if request.method == "GET" and _is_by_hand():
        return use_link(key)
    with here.turns.take():
        found = rows.link_owner(here.database_url, hashed, here.clock.wall_ms())
    return _link_page(found.email if found else None)


@routes.post(f"{SIGN_IN}/link/<key>")
def use_link(key: str) -> BaseResponse:
    """Sign in, and the link is used up."""
    here = access()
    with here.turns.take():
        found = rows.use_link(here.database_url, keys.digest(key), here.clock.wall_ms())
    if found is None:
        return _link_page(None)
    begin(here, found)
    session[CAME_BY_LINK] = here.clock.wall_ms()
    return redirect(own_path(request.args.get("next")), 303)


def begin(here: Access, person: Person) -> None:
    """A new session of this person in this browser; the one before it ends, whoever was signed in."""
    key, before = keys.fresh(), session.get("_user_id")
    browser = words.plain(request.user_agent.string, 200)
    rows.start_session(
        here.database_url, keys.digest(key), person.id, request.remote_addr or "", browser, here.clock.wall_ms()
    )
    if before is not None:
        rows.end_session_of(here.database_url, keys.digest(before))
        here.forget()
    session.clear()
    session.permanent = True
    login_user(Visitor(key, person))
    g.person = person


def _email() -> str:
    return request.form.get("email", "")[:254].strip().lower()


def _checked(here: Access, email: str, password: str) -> Person | None:
    with here.turns.take():
        found = rows.user_by_email(here.database_url, email)
    stored = found.password_hash if found and found.is_active else None
    if not passwords.matches(password, stored) or found is None:
        return None
    _renew(here, found, password)
    return found.person


def _renew(here: Access, user: User, password: str) -> None:
    """Hash it as it is done today, while the password is at hand."""
    if passwords.is_outdated(user.password_hash or "", password):
        rows.set_password(here.database_url, user.person.id, passwords.hashed(password), user.person.email)


def _is_by_hand() -> bool:
    said = request.headers
    return all(said.get(name) == value for name, value in BY_HAND.items()) and "Sec-Purpose" not in said


def _form(email: str, then: str, problem: str, status: int) -> Response:
    shown = words.plain(email, 254)
    return make_response(render(SignInPage("Sign in · Perseus", shown, then, problem)), status)


def _later(email: str, then: str, problem: str, status: int, seconds: int) -> Response:
    response = _form(email, then, problem, status)
    response.headers["Retry-After"] = str(seconds)
    return response


def _link_page(email: str | None) -> Response:
    address = request.full_path.rstrip("?")
    return make_response(render(LinkPage("Sign in · Perseus", email, address)), 200 if email else 410)

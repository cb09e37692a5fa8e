"""Closes every address that is not listed as open. Who asks is a session's cookie or, for the JSON API, a token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request
from flask_login import LoginManager, current_user
from werkzeug.local import LocalProxy

from perseus.access.keys import TOKEN_PREFIX
from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db import sessions
from perseus.web import htmx, problems, security
from perseus.web.people.access import UNKNOWN, Access
from perseus.web.problems import Problem

#: Endpoints for everybody. What is not named here needs a role; tests/web walks the URL map.
OPEN = frozenset(
    (
        "assets.file",
        "health.alive",
        "health.ready",
        "signin.form",
        "signin.sign_in",
        "signin.link",
        "signin.use_link",
    )
)
API = "/api/"
SIGN_IN = "/sign-in"
HOME = "/network"
ENDED = "ended"
NEEDS = "perseus_needs"
BEARER = "Bearer "
NO_TOKEN = "Sign in, or send an API token: `Authorization: Bearer perseus_...`. Make one on your account page."
BAD_TOKEN = "The API token is not valid, or was revoked. Make another one on your account page."

View = TypeVar("View", bound=Callable[..., Any])


class Visitor:
    """Who is signed in, as Flask-Login wants it. Its id is the session's key, so that a session can be revoked."""

    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, key: str, person: Person) -> None:
        self.key = key
        self.person = person

    def get_id(self) -> str:
        """What the cookie carries."""
        return self.key


def needs(role: Role) -> Callable[[View], View]:
    """The role a view needs, where it is not the usual one: viewer to look, operator to act."""

    def mark(view: View) -> View:
        setattr(view, NEEDS, role)
        return view

    return mark


def person() -> Person:
    """Who asks. Only for views that are not open."""
    return cast(Person, g.person)


def signed_in() -> Person | None:
    """Who asks, None for nobody; for templates, which call it `person`."""
    return g.get("person") if g else None


def may(role: str) -> bool:
    """May who asks do what needs this role? For templates, which leave out the buttons that would be refused."""
    who = signed_in()
    return who is not None and who.may(Role(role))


def by() -> str:
    """The same as text for records of who did what: their mail address."""
    return person().email


def install(app: Flask, access: Access | None) -> None:
    """Close the app. Without `access` nobody can come in."""
    app.config.update(_config(access))
    app.jinja_env.globals.update(person=LocalProxy(signed_in), may=may)
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(lambda key: _of_cookie(access, key))
    manager.request_loader(lambda _: _of_header(access))
    app.before_request(_let_in)


def needed(endpoint: str | None) -> Role:
    """The role that this request needs."""
    usual = Role.VIEWER if request.method in security.SAFE_METHODS else Role.OPERATOR
    return cast(Role, getattr(current_app.view_functions.get(endpoint or ""), NEEDS, usual))


def own_path(text: str | None) -> str:
    """A path of this site to go on to after signing in; that of the Network page for anything else."""
    if not text or not text.startswith("/") or text[1:2] in ("/", "\\") or not text.isprintable():
        return HOME
    return HOME if urlsplit(text).path.startswith((SIGN_IN, "/sign-out")) else text


def _config(access: Access | None) -> dict[str, object]:
    secure = access is not None and access.is_https
    secrets = access.secrets if access is not None else ()
    return {
        "SECRET_KEY": secrets[0] if secrets else None,
        "SECRET_KEY_FALLBACKS": list(secrets[1:]),
        "SESSION_COOKIE_NAME": "__Host-perseus" if secure else access.cookie if access else "perseus",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_REFRESH_EACH_REQUEST": False,
        # A name that no cookie can have: Flask-Login would take one of that purpose, which this site never sets.
        "REMEMBER_COOKIE_NAME": ";",
        "PERMANENT_SESSION_LIFETIME": timedelta(milliseconds=sessions.LIFE_MS),
    }


def _let_in() -> Response | None:
    """None lets the request go on to its view."""
    if request.endpoint in OPEN:
        return None
    visitor = current_user
    if not visitor.is_authenticated:
        return _turned_away()
    g.person = who = cast(Visitor, visitor).person
    if request.endpoint is None:
        return None  # there is nothing here, and that is what they are told
    role = needed(request.endpoint)
    if not who.may(role):
        abort(403, f"This needs the role {role}. You are signed in as {who.email}, who is {who.role}.")
    return None


def _of_cookie(access: Access | None, key: str) -> Visitor | None:
    if access is None or _token() is not None:
        return None
    if UNKNOWN in request.environ:
        raise request.environ[UNKNOWN]
    found = access.of_session(key, is_safe=_is_safe())
    return None if found is None else Visitor(key, found)


def _of_header(access: Access | None) -> Visitor | None:
    token = _token()
    if access is None or token is None or not token.startswith(TOKEN_PREFIX):
        return None
    found = access.of_token(token, is_safe=_is_safe())
    return None if found is None else Visitor("", found)


def _token() -> str | None:
    """The token of a request to the API. Where one is given it decides alone, whatever cookie comes with it."""
    said = request.headers.get("Authorization", "")
    return said.removeprefix(BEARER).strip() if request.path.startswith(API) and said.startswith(BEARER) else None


def _is_safe() -> bool:
    return request.method in security.SAFE_METHODS


def _turned_away() -> Response:
    if request.path.startswith(API):
        token = _token()
        response = problems.answer(Problem(401, NO_TOKEN if token is None else BAD_TOKEN))
        response.headers["WWW-Authenticate"] = 'Bearer realm="Perseus"' + (', error="invalid_token"' if token else "")
        return response
    if htmx.wants_fragment():
        response = problems.answer(Problem(401, "You are signed out. Sign in again."))
        where = _sign_in(_of_page(request.headers.get("HX-Current-URL")), was_in=True)
        response.headers["HX-Redirect"] = where
        return response
    asked = request.full_path.rstrip("?") if _is_safe() else _of_page(request.headers.get("Referer"))
    was_in = current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    return cast(Response, redirect(_sign_in(asked, was_in=was_in), 303))


def _of_page(address: str | None) -> str:
    """The page that somebody was on, by its whole address."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return HOME
    return own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def _sign_in(then: str, *, was_in: bool) -> str:
    """The address of the form. `was_in`: it is to say that a session ended, to somebody who did not end it here."""
    return f"{SIGN_IN}?{urlencode({'next': own_path(then)} | ({ENDED: '1'} if was_in else {}))}"

"""Clients that are signed in, for apps whose sessions and tokens are made up."""

from __future__ import annotations

from typing import Any

import fakeredis
from flask import Flask
from flask.testing import FlaskClient

from perseus.access.keys import TOKEN_PREFIX, digest
from perseus.access.person import Person
from perseus.access.remembered import Remembered
from perseus.access.roles import Role
from perseus.access.throttle import Throttle
from perseus.access.turns import Turns
from perseus.clock import SystemClock
from perseus.db import access as rows
from perseus.store import Client
from perseus.web.people.access import Access
from perseus.web.site import NAME

PEOPLE = {
    Role.ADMIN: Person(1, "ada@example.net", "Ada Byron", Role.ADMIN),
    Role.OPERATOR: Person(2, "otto@example.net", "Otto Perator", Role.OPERATOR),
    Role.VIEWER: Person(3, "vera@example.net", "Vera Iewer", Role.VIEWER),
}
COOKIE = "perseus"


def session_key(role: Role) -> str:
    """The key of the session that the person of this role always has."""
    return f"session-of-{role}"


def token(role: Role = Role.ADMIN) -> str:
    """The API token that they always have."""
    return f"{TOKEN_PREFIX}{role}"


def access_of(client: Client | None = None, database_url: str = "", **changes: Any) -> Access:
    """Access in which these sessions and tokens hold, and with a database those that it has."""
    clock = SystemClock()
    turns = Turns(clock)

    def owner(of_session: bool, hashed: str) -> Person | None:
        name = session_key if of_session else token
        known = {digest(name(role)): person for role, person in PEOPLE.items()}
        if hashed in known or not database_url:
            return known.get(hashed)
        return (rows.session_owner if of_session else rows.token_owner)(database_url, hashed, clock.wall_ms())

    client = client or fakeredis.FakeRedis(decode_responses=True)
    sessions = Remembered(lambda hashed: owner(True, hashed), clock, turns)
    tokens = Remembered(lambda hashed: owner(False, hashed), clock, turns)
    values = {"secrets": (b"a key of tests, 32 bytes long...",), "cookie": COOKIE, **changes}
    return Access(client, database_url, clock, sessions, tokens, Throttle(client), turns, **values)


def add_people(database_url: str) -> None:
    """The same people in a database, by the same ids."""
    for person in PEOPLE.values():
        assert rows.add_user(database_url, person.email, person.name, person.role, "test") == person


def cookie(app: Flask, role: Role = Role.ADMIN) -> str:
    """The value of the cookie of somebody with this role."""
    interface: Any = app.session_interface
    return str(interface.get_signing_serializer(app).dumps({"_user_id": session_key(role), "_permanent": True}))


class SignedIn(FlaskClient):
    """`app.test_client()` is an admin's, `app.test_client(role=...)` that of somebody else, None: of a stranger.

    It sends the same cookie to whatever host, and keeps no other one; a stranger's keeps what it gets.
    """

    def __init__(self, application: Flask, *args: Any, role: Role | None = Role.ADMIN, **options: Any) -> None:
        super().__init__(application, *args, **{**options, "use_cookies": role is None})
        if role is not None:
            self.environ_base["HTTP_COOKIE"] = (
                f"{application.config['SESSION_COOKIE_NAME']}={cookie(application, role)}"
            )


def signing_in(app: Flask) -> Flask:
    """The same app, whose test clients are signed in."""
    app.test_client_class = SignedIn
    return app


def admitted(app: Flask) -> Flask:
    """The same of an app on a real database: it gets these people, their sessions and tokens."""
    access = app.extensions[NAME].access
    url, now = access.database_url, access.clock.wall_ms()
    if rows.user_by_email(url, PEOPLE[Role.ADMIN].email) is None:
        add_people(url)
        for role, person in PEOPLE.items():
            rows.start_session(url, digest(session_key(role)), person.id, "127.0.0.1", "a test", now)
            rows.add_token(url, person.id, digest(token(role)), "test", now)
    return signing_in(app)

"""A site that people really sign in to: its database, its store, a clock that moves when told, and browsers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus.access import Person, Role, passwords
from perseus.access.keys import digest
from perseus.db import access as rows
from perseus.db.engine import engine
from perseus.store import connect
from perseus.web.app import app
from perseus.web.people.access import Access
from perseus.web.people.auditing import NAME as AUDIT
from perseus.web.site import Site
from tests.conftest import ManualClock, short
from tests.databases import made_in
from tests.web.views import FakeDirectory, known_of

PASSWORD = "correct horse battery"
ADA = "ada@example.net"
#: As good as a real one, and fast.
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
#: What a browser says of an address that somebody typed.
BY_HAND = {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}
TABLES = ("users", "sessions", "api_tokens", "sign_in_links")


class Entrance:
    """`settings` are those of the site. Ada is its admin and has a password."""

    def __init__(self, store: str, home: Path, database_url: str | None = None, **settings: Any) -> None:
        self.url = database_url or made_in(home)
        self.clock = ManualClock()
        self.client = connect(store, timeout=2, name="test")
        self.access = Access.of(short(home, **settings), self.client, self.url, self.clock)
        directory = FakeDirectory()
        self.app = app(Site(directory, directory, known_of(directory), access=self.access))
        found = rows.user_by_email(self.url, ADA)
        self.ada = found.person if found else self.add(ADA, Role.ADMIN)

    def close(self) -> None:
        self.client.close()

    def add(self, email: str, role: Role = Role.VIEWER, password: str | None = PASSWORD) -> Person:
        person = rows.add_user(self.url, email, email.partition("@")[0].title(), role, "test")
        if password is not None:
            rows.set_password(self.url, person.id, passwords.hashed(password), "test")
        return person

    def link(self, person: Person | None = None, key: str = "a-key") -> str:
        """The path of a link that signs them in."""
        rows.add_link(self.url, (person or self.ada).id, digest(key), "test", self.clock.wall_ms())
        return f"/sign-in/link/{key}"

    def browser(self, address: str = "203.0.113.7") -> FlaskClient:
        """One that keeps its cookies, at an address of its own."""
        made = self.app.test_client()
        made.environ_base["REMOTE_ADDR"] = address
        return made

    def signed_in(self, email: str = ADA, password: str = PASSWORD) -> FlaskClient:
        made = self.browser()
        assert sign_in(made, email, password).status_code == 303
        return made

    def cut_off(self) -> None:
        """The database does not know people any more, until `restore`."""
        self._rename("{0}", "away_{0}")

    def restore(self) -> None:
        self._rename("away_{0}", "{0}")

    def audited(self) -> list[tuple[str, str, str, str]]:
        """Who, what, target and result, oldest first."""
        page = self.app.extensions[AUDIT].read(100)
        return [(one.who, one.what, one.target, one.result) for one in reversed(page.entries)]

    def _rename(self, before: str, after: str) -> None:
        with engine(self.url).begin() as connection:
            for table in TABLES:
                connection.exec_driver_sql(f"ALTER TABLE {before.format(table)} RENAME TO {after.format(table)}")


def sign_in(browser: FlaskClient, email: str = ADA, password: str = PASSWORD, **more: Any) -> TestResponse:
    """Fill in the form and send it."""
    return browser.post("/sign-in", data={"email": email, "password": password, **more.pop("fields", {})}, **more)


def may_look(browser: FlaskClient) -> bool:
    """Is it signed in?"""
    answer = browser.get("/network")
    assert answer.status_code in (200, 303)
    return answer.status_code == 200


def said(answer: TestResponse) -> str:
    """What its alert says."""
    found = re.search(r'role="alert".*?<p>(.*?)</p>', answer.text, re.S)
    return found[1] if found else ""


def cookie(answer: TestResponse) -> dict[str, str]:
    """Name, value and attributes of the one cookie that an answer sets."""
    (header,) = answer.headers.getlist("Set-Cookie")
    pair, *rest = header.split("; ")
    name, _, value = pair.partition("=")
    return {"name": name, "value": value, **{key: text for key, _, text in (part.partition("=") for part in rest)}}

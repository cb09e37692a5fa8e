"""People who come in by a link, as they do, for tests of what they may do to themselves and one another."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from perseus.access import keys
from perseus.access.auditentry import AuditEntry
from perseus.db import access as rows
from perseus.db.users import User
from perseus.web.people import auditing
from tests.web.notified import Notified

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
ADA, OTTO, VERA = "ada@example.net", "otto@example.net", "vera@example.net"
PASSWORD = "three green bottles"


def link(site: Notified, email: str) -> str:
    """The key of a new link for somebody."""
    key = keys.fresh()
    rows.add_link(site.database_url, user(site, email).person.id, keys.digest(key), "test", site.now_ms())
    return key


def come_in(site: Notified, email: str, agent: str = FIREFOX) -> FlaskClient:
    """A browser in which they have just signed in by a link."""
    browser = site.app.test_client(role=None)
    browser.environ_base["HTTP_USER_AGENT"] = agent
    assert browser.post(f"/sign-in/link/{link(site, email)}").status_code == 303
    return browser


def is_in(browser: FlaskClient) -> bool:
    """Is anybody signed in there?"""
    return browser.get("/account").status_code == 200


def user(site: Notified, email: str) -> User:
    """Somebody as the database has them."""
    found = rows.user_by_email(site.database_url, email)
    assert found is not None
    return found


def token_of(site: Notified, browser: FlaskClient, name: str = "wall", days: str = "90") -> str:
    """A token that they make there."""
    answer = browser.post("/account/tokens", data={"name": name, "days": days})
    found = re.search(r'id="token">(perseus_[\w-]+)<', answer.text)
    assert found, answer.text
    return found[1]


def ask(site: Notified, token: str, path: str = "/api/network/instances") -> int:
    """The status that a program gets with this token."""
    headers = {"Authorization": f"Bearer {token}"}
    return site.app.test_client(role=None).get(path, headers=headers).status_code


def entries(site: Notified, count: int = 200) -> list[AuditEntry]:
    """The audit log, newest first."""
    return list(site.app.extensions[auditing.NAME].read(count).entries)

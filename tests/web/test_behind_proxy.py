"""Behind a reverse proxy: whose address counts, and under which names the site is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from perseus import db
from perseus.access import Role, passwords
from perseus.db import access as rows
from perseus.web import create_app
from tests.conftest import short
from tests.web.entrance import ADA, PASSWORD, QUICK

PUBLIC = "https://perseus.example.net"
SPOOFED = "192.0.2.66"
BROWSER = "203.0.113.7"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    passwords._nobodys.cache_clear()


def site(store: str, home: Path, **settings: Any) -> Flask:
    """The app of a site that has Ada."""
    db.initialise(db.default_url(home))
    person = rows.add_user(db.default_url(home), ADA, "Ada", Role.ADMIN, "test")
    rows.set_password(db.default_url(home), person.id, passwords.hashed(PASSWORD), "test")
    return create_app(short(home, redis_url=store, **settings), watch=False)


def address_of_sign_in(app: Flask, home: Path, forwarded: str, base_url: str = "http://localhost") -> str:
    """The address that the new session is noted with."""
    answer = app.test_client().post(
        "/sign-in",
        data={"email": ADA, "password": PASSWORD},
        headers={"X-Forwarded-For": forwarded},
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
        base_url=base_url,
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/network", "a path alone fits whatever name and scheme the proxy has"
    found = rows.user_by_email(db.default_url(home), ADA)
    assert found is not None
    assert found.signed_in_ms is not None
    return rows.sessions(db.default_url(home), found.person.id, found.signed_in_ms)[0].ip


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "127.0.0.1"), (1, BROWSER), (2, SPOOFED)], ids=["none", "one", "one too many"]
)
def test_as_many_proxies_are_believed_as_there_are(real_store: str, tmp_path: Path, proxies: int, address: str) -> None:
    app = site(real_store, tmp_path, proxies=proxies)
    assert address_of_sign_in(app, tmp_path, f"{SPOOFED}, {BROWSER}") == address


def test_tries_count_for_the_browser_and_not_for_the_proxy(real_store: str, tmp_path: Path) -> None:
    client = site(real_store, tmp_path, proxies=1).test_client()

    def status(number: int, browser: str) -> int:
        fields = {"email": f"{number}@example.net", "password": "wrong"}
        return client.post("/sign-in", data=fields, headers={"X-Forwarded-For": browser}).status_code

    assert [status(number, BROWSER) for number in range(31)] == [403] * 30 + [429]
    assert [status(number, f"{number}.0.2.1, {BROWSER}") for number in range(40, 43)] == [429] * 3, "made up addresses"
    assert status(50, "203.0.113.8") == 403


def test_the_site_is_served_under_its_public_name_and_no_other(real_store: str, tmp_path: Path) -> None:
    app = site(real_store, tmp_path, public_url=PUBLIC, host="192.168.1.5", proxies=1)
    statuses = {
        host: app.test_client().get("/sign-in", headers={"Host": host, "X-Forwarded-Host": "localhost"}).status_code
        for host in (
            "perseus.example.net",
            "PERSEUS.example.net:443",
            "localhost:8000",
            "192.168.1.5:8000",
            "evil.example",
        )
    }
    assert list(statuses.values()) == [200, 200, 200, 200, 421]


def test_a_form_that_the_proxy_hands_on_is_of_our_own_page(real_store: str, tmp_path: Path) -> None:
    client = site(real_store, tmp_path, public_url=PUBLIC, proxies=1).test_client()
    fields = {"email": ADA, "password": PASSWORD}
    headers = {"Host": "perseus.example.net", "Origin": PUBLIC}
    answer = client.post("/sign-in", data=fields, headers=headers)
    assert answer.status_code == 303
    assert "Secure" in answer.headers["Set-Cookie"], "although the proxy speaks HTTP to this process"
    assert (
        client.post("/sign-in", data=fields, headers={**headers, "Origin": "https://evil.example"}).status_code == 403
    )

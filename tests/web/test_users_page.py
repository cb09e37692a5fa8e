"""Who may sign in, and as what: for admins, of whom one always stays, and what they take away is gone at once."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db.engine import engine
from tests.web.notified import Notified
from tests.web.people import ADA, OTTO, VERA, ask, come_in, entries, is_in, token_of, user
from tests.web.reading import words

pytestmark = pytest.mark.databases

EVIL = "<img src=x onerror=alert(1)>"
LINK = re.compile(r'<code class="command">(\S+?)</code>')


@pytest.fixture
def ada(notified: Notified) -> FlaskClient:
    return come_in(notified, ADA)


def add(
    browser: FlaskClient, email: str = "grace@example.net", name: str = "Grace", role: str = "viewer"
) -> TestResponse:
    return browser.post("/users", data={"email": email, "name": name, "role": role})


def change(
    browser: FlaskClient, user_id: int, role: str = "viewer", active: str = "yes", name: str = "Somebody"
) -> TestResponse:
    return browser.post(f"/users/{user_id}", data={"name": name, "role": role, "active": active})


def number(site: Notified, email: str) -> int:
    return user(site, email).person.id


def path(page: str) -> str:
    """The path of the link that the page shows."""
    found = LINK.search(page)
    assert found, words(page)
    return html.unescape(found[1]).removeprefix("http://localhost")


@pytest.mark.parametrize("email", [VERA, OTTO])
def test_only_admins_see_who_there_is(notified: Notified, email: str) -> None:
    browser = come_in(notified, email)
    for address in ("/users", "/users/1", "/audit"):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert "This needs the role admin." in words(answer.text)
        assert ADA not in answer.text
        assert f'href="{address}"' not in browser.get("/network").text
    for address in ("/users", "/users/1", "/users/1/link", "/users/1/sign-out"):
        assert browser.post(address, data={"email": "x@y.example", "name": "x", "role": "admin"}).status_code == 403
    assert len(rows.users(notified.database_url)) == 3


def test_everybody_is_listed_with_role_and_last_sign_in(notified: Notified, ada: FlaskClient) -> None:
    said = words(ada.get("/users").text)
    assert "ada@example.net Ada Byron admin by link: no password yet 0 s ago" in said
    assert "vera@example.net Vera Iewer viewer by link: no password yet never" in said
    for address in ("/users", "/audit"):
        assert f'href="{address}"' in ada.get("/network").text


def test_somebody_new_comes_in_by_the_link_that_is_shown_once(notified: Notified, ada: FlaskClient) -> None:
    answer = add(ada, " Grace@Example.NET ", "Grace  Hopper", "operator")
    assert answer.status_code == 200
    assert "Give this link to Grace Hopper" in words(answer.text)
    made = user(notified, "grace@example.net")
    assert (made.person.name, made.person.role, made.password_hash) == ("Grace Hopper", Role.OPERATOR, None)
    browser = notified.app.test_client(role=None)
    assert browser.post(path(answer.text)).status_code == 303
    assert "Grace Hopper, grace@example.net: operator." in words(browser.get("/account").text)
    assert LINK.search(ada.get(f"/users/{made.person.id}").text) is None
    assert notified.app.test_client(role=None).post(path(answer.text)).status_code == 410


def test_a_new_link_voids_the_one_before(notified: Notified, ada: FlaskClient) -> None:
    vera = number(notified, VERA)
    first, second = (path(ada.post(f"/users/{vera}/link").text) for _ in range(2))
    assert notified.app.test_client(role=None).post(first).status_code == 410
    assert notified.app.test_client(role=None).post(second).status_code == 303


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"email": "grace"}, "give a mail address"),
        ({"email": ""}, "give a mail address"),
        ({"email": "a@b@c"}, "give a mail address"),
        ({"email": "grace\x00@example.net"}, "give a mail address"),
        ({"email": "gr\u202eace@example.net"}, "give a mail address"),
        ({"email": "a" * 10_000 + "@example.net"}, "at most 200 characters"),
        ({"email": f"{EVIL}@example.net"}, "give a mail address"),
        ({"email": "VERA@example.net"}, "There is a user vera@example.net already"),
        ({"name": ""}, "give a name"),
        ({"name": "bell\x07"}, "give a name"),
        ({"name": "n" * 10_000}, "give a name"),
        ({"role": "king"}, "choose a role: viewer, operator and admin"),
        ({"role": ""}, "choose a role"),
        ({"role": EVIL}, "choose a role"),
    ],
)
def test_somebody_who_cannot_be_is_refused_and_the_form_kept(
    notified: Notified, ada: FlaskClient, sent: dict[str, str], said: str
) -> None:
    answer = add(ada, **{"name": "Grace Hopper", **sent})
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert EVIL not in answer.text
    assert "name" in sent or 'value="Grace Hopper"' in answer.text
    assert len(answer.text) < 12_000
    assert len(rows.users(notified.database_url)) == 3
    assert (entries(notified)[0].what, entries(notified)[0].result) == ("add a user", "not valid")


def test_hostile_names_are_escaped_wherever_they_stand(notified: Notified, ada: FlaskClient) -> None:
    made = add(ada, "x'--@example.net", EVIL)
    assert made.status_code == 200
    grace = number(notified, "x'--@example.net")
    token_of(notified, come_in(notified, "x'--@example.net"), EVIL)
    for page in (made.text, *(ada.get(one).text for one in ("/users", f"/users/{grace}", "/audit"))):
        assert EVIL not in page
    assert "&lt;img src=x" in ada.get(f"/users/{grace}").text


def test_a_change_of_role_holds_in_the_session_that_is_open(notified: Notified, ada: FlaskClient) -> None:
    vera = come_in(notified, VERA)
    assert vera.get("/users").status_code == 403
    answer = change(ada, number(notified, VERA), "admin", name="Vera V")
    assert answer.headers["Location"].endswith("?saved=changed")
    assert vera.get("/users").status_code == 200
    assert "Vera V" in words(vera.get("/account").text)
    change(ada, number(notified, VERA), "viewer")
    assert vera.get("/users").status_code == 403
    lowered, raised, _ = (one for one in entries(notified) if one.who == ADA)
    assert (lowered.target, dict(lowered.detail)) == (VERA, {"role": "admin to viewer"})
    assert dict(raised.detail) == {"role": "viewer to admin"}


def test_who_is_shut_out_is_out_at_once_with_tokens_links_and_password(notified: Notified, ada: FlaskClient) -> None:
    vera = come_in(notified, VERA)
    token, unused = token_of(notified, vera), path(ada.post(f"/users/{number(notified, VERA)}/link").text)
    assert (is_in(vera), ask(notified, token)) == (True, 200)
    assert change(ada, number(notified, VERA), active="no").status_code == 303
    assert (is_in(vera), ask(notified, token)) == (False, 401)
    assert notified.app.test_client(role=None).post(unused).status_code == 410
    assert "vera@example.net Somebody viewer no" in words(ada.get("/users").text)
    refused = ada.post(f"/users/{number(notified, VERA)}/link")
    assert refused.status_code == 422
    assert "let them sign in first" in words(refused.text)
    assert change(ada, number(notified, VERA)).status_code == 303
    assert (is_in(vera), ask(notified, token)) == (False, 200)


@pytest.mark.parametrize(
    ("role", "active"), [("viewer", "yes"), ("operator", "yes"), ("admin", "no"), ("viewer", "no")]
)
def test_the_last_admin_stays(notified: Notified, ada: FlaskClient, role: str, active: str) -> None:
    answer = change(ada, number(notified, ADA), role, active)
    assert answer.status_code == 422
    assert "Without this one there would be no active admin." in words(answer.text)
    assert (user(notified, ADA).person.role, user(notified, ADA).is_active) == (Role.ADMIN, True)
    assert is_in(ada)
    assert (entries(notified)[0].target, entries(notified)[0].result) == (ADA, "not valid")
    assert "no active admin" in entries(notified)[0].detail["why"]


def test_an_admin_who_is_shut_out_is_not_the_one_that_stays(notified: Notified, ada: FlaskClient) -> None:
    change(ada, number(notified, OTTO), "admin", "no")
    assert change(ada, number(notified, ADA), "viewer").status_code == 422


def test_an_admin_may_lower_themselves_while_there_is_another(notified: Notified, ada: FlaskClient) -> None:
    change(ada, number(notified, OTTO), "admin")
    answer = change(ada, number(notified, ADA), "viewer")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account?saved=own")
    assert "You are no admin any more." in words(ada.get("/account?saved=own").text)
    assert ada.get("/users").status_code == 403


def test_everybody_is_signed_out_everywhere_and_their_tokens_go_where_asked(
    notified: Notified, ada: FlaskClient
) -> None:
    browsers = [come_in(notified, VERA) for _ in range(2)]
    token, vera = token_of(notified, browsers[0]), number(notified, VERA)
    ada.post(f"/users/{vera}/sign-out")
    assert [is_in(one) for one in browsers] == [False, False]
    assert ask(notified, token) == 200
    assert (entries(notified)[0].target, dict(entries(notified)[0].detail)) == (VERA, {"sessions": "2"})
    ada.post(f"/users/{vera}/sign-out", data={"tokens": "yes"})
    assert ask(notified, token) == 401
    assert rows.tokens(notified.database_url, vera) == ()
    assert dict(entries(notified)[0].detail) == {"sessions": "0", "tokens": "1"}
    assert is_in(ada)


@pytest.mark.parametrize("unknown", ["0", "77", "2147483648", "9" * 40, "-1", "x"])
def test_an_unknown_user_is_a_clear_404(ada: FlaskClient, unknown: str) -> None:
    asked = [ada.get(f"/users/{unknown}")]
    asked += [ada.post(f"/users/{unknown}{more}", data={"name": "a", "role": "viewer", "active": "yes"})
              for more in ("", "/link", "/sign-out")]  # fmt: skip
    for answer in asked:
        assert answer.status_code == 404
        assert "Not Found" in words(answer.text)


@pytest.mark.parametrize("sent", [{"active": ""}, {"active": "maybe"}, {"role": "king"}, {"name": "\x1b[2J"}])
def test_a_change_that_cannot_be_changes_nothing(notified: Notified, ada: FlaskClient, sent: dict[str, str]) -> None:
    before = user(notified, VERA)
    answer = ada.post(f"/users/{before.person.id}", data={"name": "V", "role": "admin", "active": "no", **sent})
    assert answer.status_code == 422
    assert user(notified, VERA) == before


def test_a_body_that_is_too_large_is_refused(notified: Notified, ada: FlaskClient) -> None:
    assert add(ada, name="x" * 70_000).status_code == 413
    assert len(rows.users(notified.database_url)) == 3


def test_another_site_cannot_make_an_admin(notified: Notified, ada: FlaskClient) -> None:
    sent = {"email": "eve@example.net", "name": "Eve", "role": "admin"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert ada.post("/users", data=sent, headers=headers).status_code == 403
    assert len(rows.users(notified.database_url)) == 3


def test_without_the_database_it_says_so(notified: Notified, ada: FlaskClient) -> None:
    assert is_in(ada)
    with engine(notified.database_url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sign_in_links RENAME TO gone")
    answer = ada.post(f"/users/{number(notified, VERA)}/link")
    assert answer.status_code == 503
    assert "sign_in_links" not in answer.text

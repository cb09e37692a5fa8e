"""Signing in by password or link, and out again; who may not come in learns nothing by trying."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus.access import Role, passwords
from perseus.access.keys import digest
from perseus.db import access as rows
from tests.web.entrance import ADA, BY_HAND, PASSWORD, QUICK, Entrance, may_look, said, sign_in
from tests.web.reading import words

WRONG = "The address or the password is not right."


@pytest.fixture
def browser(entrance: Entrance) -> FlaskClient:
    return entrance.browser()


def test_the_right_password_signs_in(entrance: Entrance, browser: FlaskClient) -> None:
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/network")
    assert may_look(browser)
    assert entrance.audited() == [(ADA, "sign in", ADA, "done")]
    (session,) = rows.sessions(entrance.url, entrance.ada.id, entrance.clock.wall_ms())
    assert session.ip == "203.0.113.7"


def test_the_address_may_be_typed_in_any_case_and_with_spaces(browser: FlaskClient) -> None:
    assert sign_in(browser, "  ADA@Example.NET ").status_code == 303


def test_after_signing_in_one_is_where_one_wanted_to_go(browser: FlaskClient) -> None:
    form = browser.get("/sign-in?next=/network%3Fq%3Da").text
    assert '<input type="hidden" name="next" value="/network?q=a">' in form
    assert sign_in(browser, fields={"next": "/network?q=a"}).headers["Location"] == "/network?q=a"
    assert browser.get("/sign-in?next=/alerts").headers["Location"] == "/alerts", "who is signed in goes on"


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example/", "/\\evil.example", "/sign-out"])
def test_nobody_is_sent_to_another_site(browser: FlaskClient, then: str) -> None:
    assert "evil" not in browser.get("/sign-in", query_string={"next": then}).text
    assert sign_in(browser, fields={"next": then}).headers["Location"] == "/network"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), "\0", "x" * 5_000])
def test_a_wrong_password_does_not(entrance: Entrance, browser: FlaskClient, password: str) -> None:
    answer = sign_in(browser, password=password)
    assert answer.status_code == 403
    assert said(answer).startswith(WRONG)
    assert not answer.headers.getlist("Set-Cookie")
    assert not may_look(browser)
    assert entrance.audited() == [("", "sign in", ADA, "refused")]


def test_a_stranger_cannot_tell_who_has_an_account(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = entrance.add("shut@example.net")
    rows.change_user(entrance.url, shut.id, "test", is_active=False)
    entrance.add("new@example.net", password=None)
    verified: list[str] = []

    class Watched:
        def hash(self, password: str) -> str:
            return QUICK.hash(password)

        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return QUICK.verify(stored, password)

        def check_needs_rehash(self, stored: str) -> bool:
            return False

    monkeypatch.setattr(passwords, "HASHER", Watched())
    told = []
    for number, email in enumerate((ADA, "nobody@example.net", "shut@example.net", "new@example.net", "")):
        password = "wrong" if email == ADA else PASSWORD
        answer = sign_in(entrance.browser(f"203.0.113.{number}"), email, password)
        told.append((answer.status_code, answer.text.replace(f'value="{email}"', 'value=""')))
    assert len(verified) == 5
    assert len(set(told)) == 1


def test_who_is_shut_out_cannot_sign_in_and_is_out_at_once(entrance: Entrance) -> None:
    vera = entrance.add("vera@example.net")
    hers, ada = entrance.signed_in("vera@example.net"), entrance.signed_in()
    changed = ada.post(f"/users/{vera.id}", data={"name": "Vera", "role": "viewer", "active": "no"})
    assert changed.status_code == 303
    assert not may_look(hers)
    assert sign_in(hers, "vera@example.net").status_code == 403


def test_a_password_of_weaker_hash_is_hashed_anew_when_it_is_typed(entrance: Entrance, browser: FlaskClient) -> None:
    weak = passwords.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(PASSWORD)
    rows.set_password(entrance.url, entrance.ada.id, weak, "test")
    assert sign_in(browser).status_code == 303
    stored = rows.user(entrance.url, entrance.ada.id).password_hash
    assert stored is not None
    assert not passwords.is_outdated(stored, PASSWORD)
    assert passwords.matches(PASSWORD, stored)


def test_after_ten_tries_none_is_taken_right_or_wrong(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        assert sign_in(entrance.browser(f"198.51.100.{number}"), password="wrong").status_code == 403
    monkeypatch.setattr(passwords, "matches", lambda *_: pytest.fail("the password was looked at"))
    answer = sign_in(entrance.browser())
    assert answer.status_code == 429
    assert 290 <= int(answer.headers["Retry-After"]) <= 300
    assert re.match(r"Too many tries. No more are taken for (5 min 0|4 min 5\d) s, right or wrong.", said(answer))
    assert "A sign-in link still works." in said(answer)
    assert f'value="{ADA}"' in answer.text, "nothing has to be typed again"
    assert entrance.audited()[-1] == ("", "sign in", ADA, "refused")
    browser = entrance.browser()
    assert browser.get(entrance.link(), headers=BY_HAND).status_code == 303
    assert may_look(browser)


def test_an_account_is_one_however_its_address_is_padded(entrance: Entrance) -> None:
    for number in range(10):
        padded = f"{ADA.upper()}{chr(0x2000 + number) * 300}x"
        assert sign_in(entrance.browser(f"192.0.2.{number}"), padded, "wrong").status_code == 403
    assert sign_in(entrance.browser()).status_code == 429


def test_who_typed_it_right_in_the_end_has_all_tries_again(entrance: Entrance) -> None:
    for _ in range(2):
        for number in range(9):
            assert sign_in(entrance.browser(f"198.51.100.{number}"), password="wrong").status_code == 403
        assert sign_in(entrance.browser()).status_code == 303


def test_many_at_once_are_asked_to_wait(
    entrance: Entrance, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        raise passwords.TooBusy

    monkeypatch.setattr(passwords, "matches", busy)
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Too many people sign in" in said(answer)


@pytest.mark.parametrize(
    "email",
    ["<script>alert(1)</script>@x", '"><img src=x onerror=alert(1)>', "a\0b@x", "a\r\nSet-Cookie: x=y", "\u202ea"],
)
def test_what_is_no_address_comes_back_harmless(entrance: Entrance, browser: FlaskClient, email: str) -> None:
    answer = sign_in(browser, email)
    assert answer.status_code == 403
    for part in ("<script>alert", "<img", "\0", "\u202e", "\r\nset-cookie"):
        assert part not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert len(entrance.audited()) == 1


def test_a_password_in_the_wrong_field_is_not_written_down(entrance: Entrance, browser: FlaskClient) -> None:
    sign_in(browser, "my secret password", "")
    assert entrance.audited() == [("", "sign in", "", "refused")]


def test_a_body_that_is_too_large_is_refused_before_anything_is_counted(browser: FlaskClient) -> None:
    assert sign_in(browser, password="x" * 70_000).status_code == 413
    assert sign_in(browser).status_code == 303


@pytest.mark.parametrize("body", [b"", b"email", b"email=a&email=b", b"%ff%fe=%00", b"&" * 5_000])
def test_an_odd_body_is_a_wrong_password(browser: FlaskClient, body: bytes) -> None:
    answer = browser.post("/sign-in", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_cannot_sign_somebody_in(
    entrance: Entrance, browser: FlaskClient, headers: dict[str, str]
) -> None:
    answer = sign_in(browser, headers=headers)
    assert answer.status_code == 403
    assert "from another site" in words(answer.text)
    assert browser.post(entrance.link(), headers=headers).status_code == 403
    assert not may_look(browser)


def test_signing_out_ends_the_session(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    stolen = entrance.browser("192.0.2.9")
    kept = browser.get_cookie("perseus-8000")
    assert kept is not None
    stolen.set_cookie(kept.key, kept.value)
    assert may_look(stolen)
    answer = browser.post("/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert not may_look(browser)
    assert not may_look(stolen), "the cookie alone is worth nothing"
    assert entrance.audited()[-1] == (ADA, "sign out", "", "done")


def test_signing_out_takes_a_post(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    assert browser.get("/sign-out").status_code == 405
    assert browser.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert may_look(browser)


def test_a_role_of_a_new_user_is_what_the_admin_said(entrance: Entrance) -> None:
    entrance.add("otto@example.net", Role.OPERATOR)
    assert rows.user_by_email(entrance.url, "otto@example.net") is not None
    assert entrance.signed_in("otto@example.net").get("/users").status_code == 403
    assert entrance.signed_in().get("/users").status_code == 200


def test_the_key_in_the_cookie_is_not_what_the_database_holds(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    with browser.session_transaction() as session:
        key = session["_user_id"]
    (row,) = rows.sessions(entrance.url, entrance.ada.id, entrance.clock.wall_ms())
    assert row.key_hash == digest(key)
    assert key not in row

"""One's own password: set by who came by a link or knows the one before, and all other browsers are out."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from perseus.access import passwords
from perseus.db import access as rows
from perseus.web.people import account as accountpage
from perseus.web.people import ownpassword
from tests.web.notified import Notified
from tests.web.people import PASSWORD, VERA, come_in, entries, is_in, user
from tests.web.reading import words

pytestmark = pytest.mark.databases


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that takes no time: what a real one costs is tested elsewhere."""
    monkeypatch.setattr(passwords, "hashed", lambda password: f"hash of {password}")
    monkeypatch.setattr(passwords, "matches", lambda password, stored: stored == f"hash of {password}")
    monkeypatch.setattr(passwords, "is_outdated", lambda *_: False)


def change(browser: FlaskClient, password: str = PASSWORD, again: str | None = None, current: str = "") -> int:
    sent = {"password": password, "again": password if again is None else again, "current": current}
    return browser.post("/account/password", data=sent).status_code


def by_password(site: Notified, password: str = PASSWORD) -> FlaskClient:
    """A browser in which Vera has tried to sign in with it."""
    browser = site.app.test_client(role=None)
    browser.post("/sign-in", data={"email": VERA, "password": password})
    return browser


@pytest.fixture
def vera(notified: Notified) -> FlaskClient:
    """Signed in by a password, not by a link."""
    assert change(come_in(notified, VERA)) == 303
    return by_password(notified)


def test_who_came_by_a_link_sets_one_and_signs_in_with_it(notified: Notified) -> None:
    browser = come_in(notified, VERA)
    page = words(browser.get("/account").text)
    assert "Set a password You have none yet, so only a link signs you in." in page
    assert "Present password" not in page
    assert change(browser) == 303
    assert user(notified, VERA).password_hash == f"hash of {PASSWORD}"
    assert is_in(by_password(notified))
    assert not is_in(by_password(notified, "another long password"))


def test_all_other_browsers_are_signed_out_and_this_one_stays(notified: Notified, vera: FlaskClient) -> None:
    others = [by_password(notified) for _ in range(2)]
    assert change(vera, "a newer and longer one", current=PASSWORD) == 303
    assert [is_in(one) for one in (*others, vera)] == [False, False, True]
    assert not is_in(by_password(notified))


def test_the_present_one_is_asked_for_and_must_be_right(notified: Notified, vera: FlaskClient) -> None:
    assert "Present password" in words(vera.get("/account").text)
    answer = vera.post("/account/password", data={"password": "a newer one, long", "again": "a newer one, long"})
    assert answer.status_code == 403
    assert ownpassword.WRONG in words(answer.text)
    assert change(vera, "a newer one, long", current="wrong guess of mine") == 403
    assert user(notified, VERA).password_hash == f"hash of {PASSWORD}"
    assert (entries(notified)[0].what, entries(notified)[0].result) == ("set own password", "refused")


def test_guesses_at_the_present_one_are_counted_with_those_at_the_door(notified: Notified, vera: FlaskClient) -> None:
    statuses = [change(vera, "a newer one, long", current=f"guess number {n}") for n in range(12)]
    assert statuses.count(403) <= 10
    assert statuses[-1] == 429
    assert change(vera, "a newer one, long", current=PASSWORD) == 429
    answer = vera.post("/account/password", data={"password": PASSWORD * 2, "again": PASSWORD * 2})
    assert int(answer.headers["Retry-After"]) > 0


def test_a_link_frees_from_the_present_one_for_an_hour_only(
    notified: Notified, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert change(come_in(notified, VERA)) == 303
    browser = come_in(notified, VERA)
    assert "Present password" not in words(browser.get("/account").text)
    monkeypatch.setattr(accountpage, "LINK_MS", 0)
    assert "Present password" in words(browser.get("/account").text)
    assert change(browser, "a newer one, long") == 403


def test_a_copy_of_the_cookie_is_void_after_it(notified: Notified) -> None:
    browser, thief = come_in(notified, VERA), notified.app.test_client(role=None)
    cookie = browser.get_cookie(notified.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    thief.set_cookie(cookie.key, cookie.value)
    assert is_in(thief)
    assert change(browser) == 303
    assert is_in(browser)
    assert not is_in(thief)


def test_a_link_frees_only_once(notified: Notified) -> None:
    browser = come_in(notified, VERA)
    assert change(browser) == 303
    assert change(browser, "a newer one, long") == 403


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", None, "at least 12 characters"),
        ("x" * 201, None, "at most 200 characters"),
        ("a" * 20, None, "more than four different"),
        ("vera@example.net123", None, "something else than your name"),
        (PASSWORD, "three green battles", "The two are not the same"),
        ("", None, "at least 12 characters"),
    ],
)
def test_what_is_no_good_is_refused_with_the_reason(
    notified: Notified, password: str, again: str | None, said: str
) -> None:
    browser = come_in(notified, VERA)
    sent = {"password": password, "again": password if again is None else again}
    answer = browser.post("/account/password", data=sent)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert password == "" or password not in answer.text
    assert user(notified, VERA).password_hash is None


def test_too_many_at_once_are_asked_to_come_again(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(password: str) -> str:
        raise passwords.TooBusy

    browser = come_in(notified, VERA)
    monkeypatch.setattr(passwords, "hashed", busy)
    answer = browser.post("/account/password", data={"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Try again in a few seconds" in words(answer.text)


def test_the_database_says_who_set_it(notified: Notified, vera: FlaskClient) -> None:
    assert rows.is_set_up(notified.database_url) is False  # a viewer's password sets up nothing
    assert change(vera, "a newer one, long", current=PASSWORD) == 303
    assert entries(notified)[0].who == VERA

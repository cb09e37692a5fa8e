"""One's own page: browsers that are signed in, and tokens for programs, which are shown once and kept as a hash."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus.access import keys
from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db import apitokens
from perseus.db.engine import engine
from perseus.db.models import Base
from perseus.web.people import browsers
from tests.databases import execute
from tests.web.notified import Notified
from tests.web.people import ADA, OTTO, VERA, ask, come_in, entries, is_in, token_of, user
from tests.web.reading import words

EVIL = "<script>alert(1)</script>"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1"


@pytest.fixture
def vera(notified: Notified) -> FlaskClient:
    return come_in(notified, VERA)


def buttons(page: str, what: str) -> list[str]:
    """The addresses of the forms of this kind on the page."""
    return re.findall(rf'action="(/account/{what}/\d+/\w+)"', page)


def stored(site: Notified) -> str:
    """Everything that the database holds, as one text."""
    tables = [table.name for table in Base.metadata.sorted_tables]
    return "\n".join(str(execute(site.database_url, f"SELECT * FROM {one}")) for one in tables)


def test_it_says_who_one_is_and_lists_ones_own_browsers_alone(notified: Notified, vera: FlaskClient) -> None:
    come_in(notified, VERA, PHONE)
    come_in(notified, OTTO, "curl/8.0")
    said = words(vera.get("/account").text)
    assert "Vera Iewer, vera@example.net: viewer." in said
    assert "Firefox on Linux this one 127.0.0.1" in said
    assert "Safari on iPhone 127.0.0.1" in said
    assert "curl" not in said


def test_a_browser_is_signed_out_from_another_one_at_once(notified: Notified, vera: FlaskClient) -> None:
    phone = come_in(notified, VERA, PHONE)
    assert is_in(phone)
    (address,) = buttons(vera.get("/account").text, "sessions")
    answer = vera.post(address)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account?saved=ended")
    assert not is_in(phone)
    assert is_in(vera)
    assert vera.post(address).status_code == 404


def test_all_other_browsers_are_signed_out_and_this_one_is_not(notified: Notified, vera: FlaskClient) -> None:
    others = [come_in(notified, VERA, PHONE) for _ in range(3)]
    otto = come_in(notified, OTTO)
    assert vera.post("/account/sessions/end").headers["Location"] == "/account?saved=others"
    assert [is_in(one) for one in (*others, vera, otto)] == [False, False, False, True, True]
    assert entries(notified)[0].detail == {"sessions": "3"}


def test_nobody_ends_a_session_or_a_token_of_somebody_else(notified: Notified, vera: FlaskClient) -> None:
    otto = come_in(notified, OTTO)
    theirs = token_of(notified, otto)
    person = user(notified, OTTO).person.id
    (session,) = rows.sessions(notified.database_url, person, notified.now_ms())
    (token,) = rows.tokens(notified.database_url, person)
    assert vera.post(f"/account/sessions/{session.id}/end").status_code == 404
    assert vera.post(f"/account/tokens/{token.id}/revoke").status_code == 404
    assert is_in(otto)
    assert ask(notified, theirs) == 200


@pytest.mark.parametrize("number", ["0", "77", "2147483648", "9" * 40])
def test_what_is_not_there_is_a_clear_404(vera: FlaskClient, number: str) -> None:
    for address in (f"/account/sessions/{number}/end", f"/account/tokens/{number}/revoke"):
        answer = vera.post(address)
        assert answer.status_code == 404
        assert "Not Found" in words(answer.text)


def test_a_token_is_shown_once_and_only_its_hash_is_kept(notified: Notified, vera: FlaskClient) -> None:
    token = token_of(notified, vera, "wall board")
    page = vera.get("/account").text
    assert token not in page
    assert "wall board" in words(page)
    kept = stored(notified)
    assert keys.digest(token) in kept
    assert token not in kept
    assert token.removeprefix("perseus_") not in kept


def test_a_token_holds_in_the_api_with_the_role_that_its_owner_has_now(notified: Notified) -> None:
    notified.app.add_url_rule("/api/act", "act", lambda: "done", methods=["POST"])
    token = token_of(notified, come_in(notified, VERA))

    def act() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return notified.app.test_client(role=None).post("/api/act", headers=headers).status_code

    assert (ask(notified, token), ask(notified, token, "/network"), act()) == (200, 303, 403)
    person = user(notified, VERA).person
    rows.change_user(notified.database_url, person.id, "test", role=Role.OPERATOR)
    notified.access.forget()
    assert act() == 200


def test_a_revoked_token_is_refused_at_once(notified: Notified, vera: FlaskClient) -> None:
    token = token_of(notified, vera)
    assert ask(notified, token) == 200
    (address,) = buttons(vera.get("/account").text, "tokens")
    assert vera.post(address).headers["Location"] == "/account?saved=revoked"
    assert ask(notified, token) == 401
    assert "You have none." in words(vera.get("/account").text)


def test_a_token_ends_on_its_day_and_the_page_says_so(notified: Notified, vera: FlaskClient) -> None:
    token, person, now = keys.fresh_token(), user(notified, VERA).person.id, notified.now_ms()
    rows.add_token(notified.database_url, person, keys.digest(token), "old", now - 90_000, now - 1_000)
    assert ask(notified, token) == 401
    assert "over since" in words(vera.get("/account").text)
    token_of(notified, vera, "for ever", "")
    assert "for ever 0 s ago never revoked" in words(vera.get("/account").text)
    days = {one.name: (one.expires_ms or 0) - one.created_ms for one in rows.tokens(notified.database_url, person)}
    token_of(notified, vera, "a month", "30")
    newest = rows.tokens(notified.database_url, person)[0]
    assert (newest.expires_ms or 0) - newest.created_ms == 30 * 86_400_000
    assert days["for ever"] < 0


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": ""}, "Say what it is for"),
        ({"name": " \t "}, "Say what it is for"),
        ({"name": "a" * 101}, "Say what it is for"),
        ({"name": "a" * 10_000}, "Say what it is for"),
        ({"name": "bell\x07"}, "Say what it is for"),
        ({"name": "turned \u202e round"}, "Say what it is for"),
        ({"days": "1000"}, "Say how long it holds"),
        ({"days": "-1"}, "Say how long it holds"),
        ({"days": "9" * 400}, "Say how long it holds"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_reason(
    notified: Notified, vera: FlaskClient, sent: dict[str, str], said: str
) -> None:
    answer = vera.post("/account/tokens", data={"name": "wall", "days": "90", **sent})
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert rows.tokens(notified.database_url, user(notified, VERA).person.id) == ()


def test_names_of_tokens_and_browsers_are_escaped(notified: Notified) -> None:
    browser = come_in(notified, VERA, EVIL)
    token_of(notified, browser, EVIL)
    page = browser.get("/account").text
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert(1)") >= 2


def test_a_page_that_is_sent_again_makes_no_second_token(notified: Notified, vera: FlaskClient) -> None:
    sent = {"name": "wall", "days": "90"}
    assert vera.post("/account/tokens", data=sent).status_code == 200
    again = vera.post("/account/tokens", data=sent)
    assert again.status_code == 422
    assert "You have a token for wall. Revoke it first" in words(again.text)
    assert len(rows.tokens(notified.database_url, user(notified, VERA).person.id)) == 1


def test_nobody_has_more_than_fifty_tokens(
    notified: Notified, vera: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apitokens, "TOKENS_MOST", 2)
    for name in ("one", "two"):
        token_of(notified, vera, name)
    answer = vera.post("/account/tokens", data={"name": "three", "days": "90"})
    assert answer.status_code == 422
    assert "One person has at most 2 API tokens. Revoke one" in words(answer.text)


def test_a_body_that_is_too_large_is_refused_and_recorded(notified: Notified, vera: FlaskClient) -> None:
    answer = vera.post("/account/tokens", data={"name": "x" * 70_000})
    assert answer.status_code == 413
    assert (entries(notified)[0].what, entries(notified)[0].result) == ("make an API token", "not valid")


def test_the_page_says_what_was_done_in_its_own_words_alone(vera: FlaskClient) -> None:
    assert "The token is revoked." in words(vera.get("/account?saved=revoked").text)
    assert "hacked" not in vera.get("/account?saved=hacked").text


def test_without_the_database_it_says_so_and_nothing_internal(notified: Notified, vera: FlaskClient) -> None:
    assert is_in(vera)
    with engine(notified.database_url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE api_tokens RENAME TO gone")
    answer = vera.get("/account")
    assert answer.status_code == 503
    assert "api_tokens" not in answer.text
    assert vera.post("/account/tokens", data={"name": "wall", "days": "90"}).status_code == 503
    assert entries(notified)[0].result == "failed"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        (PHONE, "Safari on iPhone"),
        ("curl/8.9.1", "curl"),
        ("Robo \x1b[2J 9", "Robo \ufffd[2J 9"),
        ("", "unknown browser"),
        ("x" * 10_000, "x" * 60),
    ],
)
def test_a_browser_is_told_in_a_few_words(agent: str, said: str) -> None:
    assert browsers.described(agent) == said


def test_an_admin_sees_the_same_of_themselves(notified: Notified) -> None:
    assert "Ada Byron, ada@example.net: admin." in words(come_in(notified, ADA).get("/account").text)

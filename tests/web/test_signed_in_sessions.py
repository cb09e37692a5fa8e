"""Sessions: their cookie, how they end, what a change of role does to them, and a database that is away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perseus.access import Role
from perseus.access.keys import digest, fresh_token
from perseus.access.remembered import BELIEVED_SECONDS, KEPT_SECONDS
from perseus.db import access as rows
from perseus.db import sessions
from perseus.web.problems import DATABASE_UNFIT
from tests.web.entrance import ADA, PASSWORD, Entrance, cookie, may_look, sign_in
from tests.web.reading import words

ENDED = "You were signed out: your session expired or was ended, so sign in again to go on where you were."
PUBLIC = "https://perseus.example.net"
NAME = "perseus-8000"
Make = Callable[..., Entrance]


def test_the_cookie_is_for_the_server_alone_and_for_this_site(entrance: Entrance) -> None:
    sent = cookie(sign_in(entrance.browser()))
    assert sent["name"] == NAME
    assert (sent["SameSite"], sent["Path"]) == ("Lax", "/")
    assert "HttpOnly" in sent
    assert "Secure" not in sent, "a browser would not send it back over HTTP"
    assert "Domain" not in sent


def test_over_tls_the_cookie_is_for_tls_and_this_host_alone(make: Make) -> None:
    entrance = make(public_url=PUBLIC)
    browser = entrance.browser()
    sent = cookie(sign_in(browser, base_url=PUBLIC))
    assert sent["name"] == "__Host-perseus"
    assert {"Secure", "HttpOnly"} <= set(sent)
    assert sent["Path"] == "/"
    assert "Domain" not in sent
    assert browser.get("/network", base_url=PUBLIC).status_code == 200
    assert browser.get("/network", base_url="https://other.example.net").status_code == 421


def test_two_sites_on_one_machine_do_not_sign_each_other_out(make: Make) -> None:
    names = {cookie(sign_in(make(port=port).browser()))["name"] for port in (8000, 8001)}
    assert names == {"perseus-8000", "perseus-8001"}, "cookies do not tell ports apart"


def test_a_cookie_from_before_the_sign_in_is_not_the_one_after_it(entrance: Entrance) -> None:
    attacker = entrance.signed_in()
    planted = attacker.get_cookie(NAME)
    assert planted is not None
    entrance.add("vera@example.net")
    victim = entrance.browser()
    victim.set_cookie(planted.key, planted.value)
    sign_in(victim, "vera@example.net")
    kept = victim.get_cookie(NAME)
    assert kept is not None
    assert kept.value != planted.value
    assert "Vera" in victim.get("/network").text
    assert "Vera" not in attacker.get("/network").text


def test_signing_in_again_ends_the_session_before(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    kept = browser.get_cookie(NAME)
    assert kept is not None
    assert may_look(browser)
    browser.post(entrance.link())
    assert may_look(browser)
    assert len(rows.sessions(entrance.url, entrance.ada.id, entrance.clock.wall_ms())) == 1
    browser.set_cookie(kept.key, kept.value)
    assert not may_look(browser)


def test_every_sign_in_has_a_key_of_its_own(entrance: Entrance) -> None:
    keys = set()
    for _ in range(3):
        with entrance.signed_in().session_transaction() as session:
            keys.add(session["_user_id"])
    assert len(keys) == 3


def test_a_session_ends_when_it_is_not_used_for_a_week(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    entrance.clock.advance(sessions.IDLE_MS / 1000 - 1)
    assert may_look(browser)
    entrance.clock.advance(sessions.IDLE_MS / 1000)
    assert not may_look(browser)


def test_a_session_ends_after_thirty_days_in_use(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    for _ in range(29):
        entrance.clock.advance(86_400)
        assert may_look(browser)
    entrance.clock.advance(86_400)
    assert not may_look(browser)


def test_a_browser_that_was_signed_out_from_another_one_is_out_at_once(entrance: Entrance) -> None:
    lost, kept = entrance.signed_in(), entrance.signed_in()
    assert may_look(lost)
    assert kept.post("/account/sessions/end").status_code == 303
    assert not may_look(lost)
    assert may_look(kept)


def test_a_new_password_signs_out_all_other_browsers(entrance: Entrance) -> None:
    other, browser = entrance.signed_in(), entrance.signed_in()
    fields = {"current": PASSWORD, "password": "a quite new password", "again": "a quite new password"}
    assert browser.post("/account/password", data=fields).status_code == 303
    assert not may_look(other)
    assert may_look(browser)
    assert sign_in(entrance.browser()).status_code == 403
    assert sign_in(entrance.browser(), password="a quite new password").status_code == 303


def test_a_role_that_an_admin_changes_holds_with_the_next_request(entrance: Entrance) -> None:
    otto = entrance.add("otto@example.net", Role.ADMIN)
    his, ada = entrance.signed_in("otto@example.net"), entrance.signed_in()
    assert his.get("/users").status_code == 200
    ada.post(f"/users/{otto.id}", data={"name": "Otto", "role": "viewer", "active": "yes"})
    refused = his.get("/users")
    assert refused.status_code == 403
    assert "You are signed in as otto@example.net, who is viewer." in words(refused.text)
    assert may_look(his)


def test_a_role_that_was_changed_by_another_worker_holds_within_five_seconds(entrance: Entrance) -> None:
    otto = entrance.add("otto@example.net", Role.ADMIN)
    his = entrance.signed_in("otto@example.net")
    assert his.get("/users").status_code == 200
    rows.change_user(entrance.url, otto.id, "test", role=Role.VIEWER)
    entrance.clock.advance(KEPT_SECONDS)
    assert his.get("/users").status_code == 403


def test_a_session_that_was_revoked_by_another_worker_is_over_within_five_seconds(entrance: Entrance) -> None:
    browser = entrance.signed_in()
    assert may_look(browser)
    rows.end_sessions(entrance.url, entrance.ada.id)
    entrance.clock.advance(KEPT_SECONDS)
    assert not may_look(browser)


def test_while_the_database_is_away_who_was_signed_in_may_look_and_change_nothing(entrance: Entrance) -> None:
    entrance.app.add_url_rule("/act", "act", lambda: "done", methods=["POST"])
    browser = entrance.signed_in()
    assert may_look(browser)
    entrance.cut_off()
    entrance.clock.advance(BELIEVED_SECONDS - 1)
    assert may_look(browser)
    assert browser.get("/network/live", headers={"HX-Request": "true"}).status_code == 200
    refused = browser.post("/act")
    assert refused.status_code == 503
    assert DATABASE_UNFIT in words(refused.text)
    entrance.clock.advance(1)
    after = browser.get("/network")
    assert after.status_code == 503
    assert DATABASE_UNFIT in words(after.text)
    entrance.restore()
    assert may_look(browser), "nobody was signed out by it"
    assert browser.post("/act").text == "done"


def test_while_the_database_is_away_nobody_comes_in(entrance: Entrance) -> None:
    stranger, unseen = entrance.browser(), entrance.signed_in()
    entrance.access.forget()
    entrance.cut_off()
    assert stranger.get("/network").status_code == 303
    assert unseen.get("/network").status_code == 503
    answer = sign_in(stranger)
    assert answer.status_code == 503
    assert DATABASE_UNFIT in words(answer.text)
    assert stranger.get("/sign-in").status_code == 200


def test_while_the_database_is_away_a_token_may_look_too(entrance: Entrance) -> None:
    token = fresh_token()
    rows.add_token(entrance.url, entrance.ada.id, digest(token), "cron", entrance.clock.wall_ms())
    ask = entrance.browser()
    headers = {"Authorization": f"Bearer {token}"}
    assert ask.get("/api/network/instances", headers=headers).status_code == 200
    entrance.cut_off()
    entrance.clock.advance(60)
    assert ask.get("/api/network/instances", headers=headers).status_code == 200
    unknown: Any = ask.get("/api/network/instances", headers={"Authorization": f"Bearer {fresh_token()}"})
    assert (unknown.status_code, unknown.json["detail"]) == (503, DATABASE_UNFIT)


def test_without_the_data_store_people_sign_in_and_tries_are_counted(make: Make, tmp_path: Path) -> None:
    without = Entrance("redis://127.0.0.1:1/0", tmp_path)
    assert may_look(without.signed_in())
    for number in range(10):
        assert sign_in(without.browser(f"198.51.100.{number}"), password="wrong").status_code == 403
    assert sign_in(without.browser()).status_code == 429
    without.close()


@pytest.mark.parametrize("path", ["/health", "/static/favicon.svg", "/sign-in"])
def test_what_is_open_does_not_ask_who_comes(entrance: Entrance, path: str) -> None:
    entrance.cut_off()
    assert entrance.browser().get(path).status_code == 200


@pytest.mark.parametrize("value", ["x", "a|b", "a|\xe9", "|", "1|" + "0" * 128])
def test_a_cookie_of_another_program_on_this_host_is_nothing(entrance: Entrance, value: str) -> None:
    stranger = entrance.app.test_client(use_cookies=False)
    answer = stranger.get("/network", headers={"Cookie": f"remember_token={value}; session={value}"})
    assert answer.status_code == 303
    token = fresh_token()
    rows.add_token(entrance.url, entrance.ada.id, digest(token), "cron", entrance.clock.wall_ms())
    headers = {"Cookie": f"remember_token={value}", "Authorization": f"Bearer {token}"}
    assert stranger.get("/api/network/instances", headers=headers).status_code == 200


def test_a_cookie_of_a_key_that_was_changed_is_nothing_and_of_an_older_one_still_good(make: Make) -> None:
    old, new = "the key before of 32 characters ..", "a newer key of 32 characters ...."
    kept = make(secret_key=old).signed_in().get_cookie(NAME)
    assert kept is not None
    for setting, is_good in ((f"{new},{old}", True), (new, False)):
        browser = make(secret_key=setting).browser()
        browser.set_cookie(kept.key, kept.value)
        assert may_look(browser) is is_good


def test_who_came_by_a_link_sets_a_password_without_the_one_before_for_an_hour(entrance: Entrance) -> None:
    fields = {"password": "a quite new password", "again": "a quite new password"}
    for seconds, status in ((0, 303), (3_600, 403)):
        browser = entrance.browser()
        assert browser.post(entrance.link()).status_code == 303
        entrance.clock.advance(seconds)
        assert browser.post("/account/password", data=fields).status_code == status
    assert ADA in entrance.signed_in(password="a quite new password").get("/account").text


@pytest.mark.parametrize("how", ["poll", "page"])
@pytest.mark.parametrize("why", ["ended", "expired", "secret"])
def test_whose_session_is_over_is_told_so_where_they_sign_in_again(entrance: Entrance, how: str, why: str) -> None:
    browser = entrance.signed_in()
    if why == "ended":
        rows.end_sessions(entrance.url, entrance.ada.id)
    elif why == "expired":
        entrance.clock.advance(sessions.LIFE_MS / 1000 + 1)
    else:
        browser.set_cookie(NAME, "signed.by.another")
    entrance.access.forget()
    if how == "poll":
        headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/network?q=a"}
        where = browser.get("/network/live", headers=headers).headers["HX-Redirect"]
    else:
        where = browser.get("/network?q=a").headers["Location"]
    form = browser.get(where).text
    assert ENDED in words(form)
    assert 'name="next" value="/network?q=a"' in form


def test_who_was_not_signed_in_or_signed_out_here_is_told_nothing(entrance: Entrance) -> None:
    stranger, leaver = entrance.browser(), entrance.signed_in()
    left = leaver.post("/sign-out").headers["Location"]
    assert ENDED not in words(leaver.get(left).text)
    for browser in (stranger, leaver):
        assert ENDED not in words(browser.get(browser.get("/network").headers["Location"]).text)

"""Every act is recorded once: who, what, about what, and what came of it; and never a secret."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from perseus import keys
from perseus.access import audit, passwords
from perseus.access import keys as access_keys
from perseus.access.auditentry import AuditEntry
from perseus.access.roles import Role
from perseus.db import notifying
from perseus.web import security
from perseus.web.people import auditing, guard
from perseus.web.people.auditing import ACTS
from perseus.web.people.signin import BY_HAND
from tests.redis_process import RedisProcess
from tests.web.acts import DONE, HERE, REVISION, places_of
from tests.web.dispatching import Hand, fine
from tests.web.notified import Notified
from tests.web.people import ADA, OTTO, PASSWORD, VERA, come_in, entries, link, token_of
from tests.web.signedin import PEOPLE
from tests.web.test_guard import addresses

#: Of these there is a command to say, and nothing else.
SENT = {
    "connect.start": "control: start",
    "connect.take_over": "control: takeover",
    "control.command": "control: stop",
    "record.check": "control: check",
}


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time."""
    monkeypatch.setattr(passwords, "hashed", lambda password: f"hash of {len(password)} characters")
    monkeypatch.setattr(passwords, "matches", lambda password, stored: password == PASSWORD)
    monkeypatch.setattr(passwords, "is_outdated", lambda *_: False)


@pytest.fixture
def places(ops: Notified) -> dict[str, object]:
    return places_of(ops)


@pytest.fixture
def browser(ops: Notified, cheap: None, places: dict[str, object]) -> FlaskClient:
    return come_in(ops, ADA)


def unsafe(app: Flask) -> dict[str, str]:
    """Endpoint to a sample address, of each route that may change something."""
    return {endpoint: address for endpoint, method, address in addresses(app) if method not in security.SAFE_METHODS}


def new_of(site: Notified, act: Callable[[], object]) -> list[AuditEntry]:
    """What an act adds to the log."""
    before = len(entries(site))
    act()
    return entries(site)[: len(entries(site)) - before]


def test_every_address_that_may_change_something_has_a_name_as_an_act_and_every_act_an_address(
    notified: Notified,
) -> None:
    assert set(unsafe(notified.app)) | {auditing.LINK} == set(ACTS)
    assert set(DONE) == set(unsafe(notified.app)), "an act without a test"


@pytest.mark.parametrize("endpoint", DONE)
def test_an_act_is_recorded_once(ops: Notified, browser: FlaskClient, places: dict[str, object], endpoint: str) -> None:
    act = DONE[endpoint]
    stranger = ops.app.test_client(role=None)
    asking = stranger if endpoint in guard.OPEN else browser
    with Hand(ops.client).of_kind("chat", fine):
        (one,) = new_of(
            ops,
            lambda: asking.post(
                act.path.format(**places), data={name: text.format(**places) for name, text in act.sent.items()}
            ),
        )
    sent = SENT.get(endpoint)
    assert (one.who, one.what, one.result) == (act.who, sent or ACTS[endpoint], "sent" if sent else "done"), one
    assert act.target == "*" or one.target == act.target.format(**places)
    assert one.ip == "127.0.0.1"


def test_looking_is_not_recorded(ops: Notified, browser: FlaskClient) -> None:
    def look() -> None:
        for address in ("/account", "/users", "/audit", "/network", "/plugins", "/sign-in", "/nothing"):
            browser.get(address)
        browser.get(f"/sign-in/link/{link(ops, OTTO)}", headers={"Sec-Fetch-Site": "cross-site"})

    assert new_of(ops, look) == []


def test_what_a_role_may_not_do_is_recorded_as_refused(notified: Notified) -> None:
    vera = notified.app.test_client(role=Role.VIEWER)
    for endpoint, address in unsafe(notified.app).items():
        if endpoint not in guard.OPEN and not _is_for_viewers(notified.app, endpoint):
            (one,) = new_of(notified, lambda address=address: vera.post(address))  # type: ignore[misc]
            assert (one.who, one.what, one.result) == (VERA, ACTS[endpoint], "refused"), address
            assert one.detail["status"] == "403"


def _is_for_viewers(app: Flask, endpoint: str) -> bool:
    return getattr(app.view_functions[endpoint], guard.NEEDS, None) is Role.VIEWER


def test_what_a_stranger_tries_is_recorded_as_refused(notified: Notified) -> None:
    stranger = notified.app.test_client(role=None)
    for endpoint, address in unsafe(notified.app).items():
        (one,) = new_of(notified, lambda address=address: stranger.post(address))  # type: ignore[misc]
        assert (one.who, one.what, one.result) == ("", ACTS[endpoint], "refused"), address


def test_what_is_sent_by_another_site_is_recorded_as_refused(notified: Notified) -> None:
    ada = notified.app.test_client()
    (one,) = new_of(notified, lambda: ada.post("/users", headers={"Sec-Fetch-Site": "cross-site"}))
    assert (one.who, one.what, one.result) == ("", "add a user", "refused")


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/users", {"email": "x"}, "422"),
        ("/users/77/link", {}, "404"),
        ("/alerts/rules/1/move", {"to": "left"}, "400"),
        (f"{HERE}/policy", {"debounce_seconds": "30", "destination-revision": "9"}, "409"),
        ("/account/tokens", {"name": "x" * 70_000}, "413"),
    ],
)
def test_what_is_wrong_is_recorded_as_not_valid(
    ops: Notified, browser: FlaskClient, path: str, sent: dict[str, str], status: str
) -> None:
    (one,) = new_of(ops, lambda: browser.post(path, data=sent))
    assert (one.who, one.result, one.detail["status"]) == (ADA, "not valid", status)


def test_our_own_fault_is_recorded_as_failed(
    ops: Notified, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(notifying, "switch_plugin", broken)
    (one,) = new_of(ops, lambda: browser.post("/plugins/switch", data={"plugin": "chat", "on": "no"}))
    assert (one.what, one.result, one.detail["status"]) == ("switch a plugin", "failed", "500")


def test_an_order_that_nobody_hears_is_no_deed(notified: Notified) -> None:
    notified.add("ops")
    ada = notified.app.test_client()
    (one,) = new_of(notified, lambda: ada.post(f"{HERE}/orders", data={"what": "probe"}))
    assert (one.target, one.result, one.detail["order"]) == ("ops", "failed", "probe")
    assert "No dispatcher runs" in one.detail["why"]


def test_an_order_that_htmx_is_told_of_with_another_status_is_no_deed(ops: Notified) -> None:
    ada = ops.app.test_client()
    sent = {"what": "dry_run", "event": "junk"}
    (one,) = new_of(ops, lambda: ada.post(f"{HERE}/orders", data=sent, headers={"HX-Request": "true"}))
    assert one.result in ("failed", "not valid")


def test_a_wrong_password_is_recorded_with_the_account_but_not_as_somebody(ops: Notified, cheap: None) -> None:
    stranger = ops.app.test_client(role=None)
    (one,) = new_of(ops, lambda: stranger.post("/sign-in", data={"email": f" {ADA.upper()} ", "password": "guess"}))
    assert (one.who, one.what, one.target, one.result) == ("", "sign in", ADA, "refused")


def test_a_link_that_is_opened_by_hand_is_recorded_as_a_sign_in(ops: Notified) -> None:
    address = f"/sign-in/link/{link(ops, OTTO)}"
    first, second = (
        new_of(ops, lambda: ops.app.test_client(role=None).get(address, headers=BY_HAND)) for _ in range(2)
    )
    assert [(one.who, one.what, one.result) for one in (*first, *second)] == [
        (OTTO, "sign in by link", "done"),
        ("", "sign in by link", "refused"),
    ]


def test_hostile_text_is_cut_and_made_plain(ops: Notified, browser: FlaskClient) -> None:
    (one,) = new_of(ops, lambda: browser.post(f"{HERE}/orders", data={"what": "\x1b[2J\u202e<b>" + "x" * 10_000}))
    assert one.detail["order"].startswith("\ufffd[2J\ufffd<b>x")
    assert len(one.detail["order"]) < 310
    (one,) = new_of(ops, lambda: browser.post("/sign-in", data={"email": "\x00" + "@" * 10_000}))
    assert len(one.target) <= 254
    assert one.target.isprintable()


def everything(site: Notified) -> str:
    return str(site.client.xrange(keys.AUDIT_LOG))


def test_no_secret_is_ever_in_it(
    ops: Notified, browser: FlaskClient, places: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ada, stranger, key = browser, ops.app.test_client(role=None), str(places["key"])
    token = token_of(ops, ada)
    wrong = "pl4nted guess at it"
    stranger.get(f"/sign-in/link/{key}")
    stranger.get(f"/sign-in/link/{key}", headers=BY_HAND)
    for client in (stranger, ada):
        client.post(f"/sign-in/link/{key}?next=/pl4nted")
        client.post("/sign-in", data={"email": wrong, "password": wrong})
        client.post("/sign-in", data={"email": ADA, "password": wrong}, query_string={"password": wrong})
        client.post("/account/password", data={"current": wrong, "password": wrong, "again": wrong})
        client.post("/account/password", data={"current": PASSWORD, "password": wrong, "again": "other"})
        client.post("/account/tokens", data={"name": "two", "days": "30"}, headers={"Authorization": f"Bearer {token}"})
    fresh = ada.post("/users/3/link").text.partition("/sign-in/link/")[2][:43]
    with Hand(ops.client).of_kind("chat", fine):
        ada.post(f"{HERE}/config", data={"url": "https://pl4nted.example", "colour": "blue", **REVISION})
    assert len(entries(ops)) > 12
    for log in (everything(ops), caplog.text):
        for secret in (key, fresh, token, token.removeprefix("perseus_"), PASSWORD, "pl4nted"):
            assert len(secret) > 5
            assert secret not in log, secret
        assert access_keys.digest(token) not in log


def test_the_search_for_secrets_would_find_one(ops: Notified, browser: FlaskClient) -> None:
    browser.post("/users", data={"email": "pl4nted@example.net", "name": "P", "role": "viewer"})
    assert "pl4nted" in everything(ops)


@pytest.fixture
def away(own_server: RedisProcess, tmp_path: Path) -> Iterator[Notified]:
    """A site with a store of its own."""
    site = Notified(own_server.url, tmp_path)
    yield site
    site.close()


def test_what_is_done_while_the_store_is_silent_is_recorded_when_it_is_back(
    away: Notified, own_server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    vera = PEOPLE[Role.VIEWER].id
    own_server.kill()
    answer = away.app.test_client().post(f"/users/{vera}/link")
    assert answer.status_code == 200
    own_server.start()
    monkeypatch.setattr(audit, "AGAIN_SECONDS", 0.0)
    away.app.test_client().post(f"/users/{vera}/sign-out")
    assert [(one.who, one.what, one.target) for one in entries(away)] == [
        (ADA, "sign a user out everywhere", VERA),
        (ADA, "make a sign-in link", VERA),
    ]

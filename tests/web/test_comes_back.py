"""A form whose saving meets a database or store that is away comes back with what was typed, but secrets."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url
from werkzeug.datastructures import MultiDict

from perseus.access import passwords
from perseus.access.auditentry import FAILED
from perseus.db import DatabaseUnavailable, notifying, userexchanges, watched
from perseus.db import access as rows
from perseus.db.userexchanges import Access
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.web.control.commanding import Commanding
from perseus.web.notify import checking
from perseus.web.problems import DATABASE_SILENT
from tests.web.hosting import lists
from tests.web.notified import SECRET, Notified
from tests.web.people import ADA, OTTO, PASSWORD, VERA, come_in, entries, user
from tests.web.reading import words
from tests.web.savedforms import FORMS, RECORD, Form

BINANCE = Exchange(2, "binance", "Binance")
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
every = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@pytest.fixture
def site(ops: Notified, monkeypatch: pytest.MonkeyPatch) -> Notified:
    """With one of each that can be changed; dispatchers find nothing wrong."""
    come_in(ops, ADA)
    userexchanges.add_record(ops.database_url, user(ops, ADA).person.id, BINANCE, Access("Mine", None, None))
    watched.watch(ops.database_url, BINANCE, [f"S{number:03d}-USDT" for number in range(60)], ADA)
    lists(ops.client, BINANCE.id)
    monkeypatch.setattr(checking, "problems", lambda *_: {})
    return ops


@pytest.fixture
def ada(site: Notified) -> FlaskClient:
    return come_in(site, ADA)


def away(*_: object, **__: object) -> Any:
    raise DatabaseUnavailable("db:5432", "it has not answered for 5 s")


def path(site: Notified, form: Form) -> str:
    return form.path.format(vera=user(site, VERA).person.id)


def resent(page: str) -> MultiDict[str, str]:
    """What the form sends that is offered in place of the one that could not be drawn."""
    kept = page.partition('id="typed"')[2].partition("</form>")[0]
    return MultiDict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', kept))


@every
def test_it_comes_back_as_it_was_sent_with_the_reason(
    site: Notified, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch, form: Form
) -> None:
    monkeypatch.setattr(*form.saves, away)
    answer = ada.post(path(site, form), data=form.sent)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert DATABASE_SILENT in words(answer.text)
    assert form.said in words(answer.text)
    for part in form.back:
        assert part in answer.text, part
    assert SECRET not in answer.text
    entry = entries(site)[0]
    assert (entry.what, entry.result) == (form.what, FAILED)


@every
def test_where_nobody_can_be_known_what_was_typed_is_kept_to_be_sent_again(
    site: Notified, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch, form: Form
) -> None:
    where = path(site, form)
    with monkeypatch.context() as broken:
        broken.setattr(rows, "session_owner", away)
        broken.setattr(notifying, "load", away)
        answer = ada.post(where, data=form.sent)
    assert answer.status_code == 503
    assert DATABASE_SILENT in words(answer.text)
    assert SECRET not in answer.text
    assert f'method="post" action="{where}"' in answer.text
    kept = resent(answer.text)
    assert kept.to_dict() == {name: value for name, value in form.sent.items() if name != "url"}
    assert ("Secrets are not kept: it is sent without Url." in words(answer.text)) is ("url" in form.sent)
    again = ada.post(where, data=kept)
    assert again.status_code in (200, 303) or "url" in form.sent


def test_what_may_be_a_key_is_not_shown_again(
    site: Notified, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"exchange": "coinbase", **RECORD, "secret": KEY}
    monkeypatch.setattr(rows, "session_owner", away)
    answer = ada.post("/exchanges", data=sent)
    assert KEY not in answer.text
    assert "it is sent without Secret." in words(answer.text)
    assert resent(answer.text)["key"] == "OUR_KEY"


def test_what_no_dispatcher_tells_of_is_not_shown_again(
    site: Notified, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = FORMS["a destination"]
    monkeypatch.setattr(rows, "session_owner", away)
    answer = ada.post(form.path, data={**form.sent, "destination-kind": "gone"})
    assert SECRET not in answer.text
    assert set(resent(answer.text)) == {"destination-kind", "destination-id"}


@pytest.mark.parametrize("broken", ["user_by_email", "start_session"])
def test_of_a_sign_in_the_address_comes_back_and_never_the_password(
    site: Notified, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    rows.set_password(site.database_url, user(site, ADA).person.id, passwords.hashed(PASSWORD), ADA)
    nobody = site.app.test_client(role=None)
    tries = {"email": ADA, "password": PASSWORD, "next": "/hosts?x=1"}
    with monkeypatch.context() as silent:
        silent.setattr(rows, broken, away)
        answer = nobody.post("/sign-in", data=tries)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert f"{DATABASE_SILENT} Your address is still here: sign in again in a moment." in words(answer.text)
    assert f'name="email" value="{ADA}"' in answer.text
    assert 'name="next" value="/hosts?x=1"' in answer.text
    assert PASSWORD not in answer.text
    entry = entries(site)[0]
    assert (entry.what, entry.target, entry.result) == ("sign in", ADA, FAILED)
    assert nobody.post("/sign-in", data=tries).headers["Location"] == "/hosts?x=1"


def test_a_locked_database_leaves_all_that_was_chosen(site: Notified, ada: FlaskClient) -> None:
    lock = sqlite3.connect(str(make_url(site.database_url).database), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        chosen = ["S001-USDT", "S003-USDT"]
        answer = ada.post("/exchanges/binance/symbols/remove", data={"symbol": chosen})
    finally:
        lock.rollback()
        lock.close()
    assert answer.status_code == 503
    assert re.findall(r'aria-label="([^"]+)" checked', answer.text) == chosen
    assert len(watched.watched_symbols(site.database_url, BINANCE)) == 60


def test_an_entry_that_is_wrong_is_there_to_be_mended(site: Notified, ada: FlaskClient) -> None:
    answer = ada.post("/account/tokens", data={"name": "x" * 101, "days": "30"})
    assert answer.status_code == 422
    assert f'value="{"x" * 101}"' in answer.text
    assert 'value="30" selected' in answer.text


def test_passwords_are_not_shown_again(ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "session_owner", away)
    answer = ada.post("/account/password", data={"password": KEY, "again": KEY, "current": KEY})
    assert answer.status_code == 503
    assert KEY not in answer.text


@pytest.mark.parametrize("broken", ["database", "store"])
def test_without_a_form_that_is_kept_the_answer_is_as_ever(
    site: Notified, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def silent(*_: object) -> Any:
        raise StoreUnavailable("redis://x", "closed")

    if broken == "database":
        monkeypatch.setattr(rows, "session_owner", away)
    else:
        monkeypatch.setattr(Commanding, "reports", silent)
    answer = ada.post("/network/binance/connect", data={"host": "a-1-00000000"})
    assert answer.status_code == 503
    assert 'id="typed"' not in answer.text


def test_hostile_text_is_escaped(site: Notified, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = '"><img src=x onerror=alert(1)>\u202e'
    monkeypatch.setattr(rows, "session_owner", away)
    answer = ada.post("/users", data={"email": evil, "name": evil, "role": evil, evil: evil})
    assert "<img src=x" not in answer.text
    assert "\u202e" not in words(answer.text)


def test_a_database_that_somebody_else_has_locked_is_such_a_one(site: Notified, ada: FlaskClient) -> None:
    lock = sqlite3.connect(str(make_url(site.database_url).database), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        form = FORMS["a user"]
        answer = ada.post(form.path, data=form.sent)
    finally:
        lock.rollback()
        lock.close()
    assert answer.status_code == 503
    assert 'value="Grace Hopper"' in answer.text


def test_one_who_may_not_is_refused_whatever_is_away(site: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    otto = come_in(site, OTTO)
    monkeypatch.setattr(rows, "add_user", away)
    assert otto.post("/users", data=FORMS["a user"].sent).status_code == 403

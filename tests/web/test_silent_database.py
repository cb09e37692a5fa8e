"""A database that hangs: strangers do not take the threads that those who are signed in need, nor fill the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus import db
from perseus.access.keys import fresh_token
from perseus.access.remembered import KEPT_SECONDS
from perseus.access.turns import Turn
from perseus.db import access as rows
from perseus.web.problems import DATABASE_SILENT
from tests.web.entrance import BY_HAND, PASSWORD, Entrance, may_look, sign_in
from tests.web.reading import words


@pytest.fixture
def entrance(tmp_path: Path) -> Entrance:
    return Entrance("redis://127.0.0.1:1/0", tmp_path)


def all_turns(entrance: Entrance) -> list[Turn]:
    """Those of the threads that wait for a database that hangs."""
    held = [entrance.access.turns.take() for _ in range(entrance.access.turns.most)]
    entrance.clock.advance(entrance.access.turns.patience)
    return held


def strange(browser: FlaskClient) -> list[TestResponse]:
    """What strangers ask that needs the database before it is known who they are."""
    token = {"Authorization": f"Bearer {fresh_token()}"}
    return [
        browser.get("/api/network/instances", headers=token),
        browser.post("/api/network/instances", headers=token),
        sign_in(browser, password=PASSWORD),
        browser.get("/sign-in/link/made-up"),
        browser.get("/sign-in/link/made-up", headers=BY_HAND),
        browser.post("/sign-in/link/made-up"),
    ]


def test_a_quarter_of_the_threads_may_wait_for_the_database(tmp_path: Path) -> None:
    for threads, waiting in ((16, 4), (64, 16), (2, 1)):
        made = Entrance("redis://127.0.0.1:1/0", tmp_path, web_threads=threads)
        assert made.access.turns.most == waiting


def test_while_enough_wait_for_the_database_strangers_are_turned_away_without_asking_it(
    entrance: Entrance, caplog: pytest.LogCaptureFixture
) -> None:
    browser, unseen = entrance.signed_in(), entrance.signed_in()
    assert may_look(browser)
    held = all_turns(entrance)
    for answer in [*strange(entrance.browser()), unseen.get("/network"), unseen.post("/sign-out")]:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.request.path
        assert DATABASE_SILENT in (answer.json["detail"] if answer.is_json else words(answer.text))
    entrance.clock.advance(KEPT_SECONDS)
    assert may_look(browser)
    assert not [record for record in caplog.records if "not asked" in record.getMessage()]
    for turn in held:
        with turn:
            pass
    assert may_look(unseen)
    assert may_look(entrance.signed_in())


def test_one_request_asks_a_silent_database_no_more_than_once(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def hang(*given: object) -> Any:
        asked.append(given)
        raise db.DatabaseUnavailable("db:5432", "it has not answered for 5 s")

    unseen = entrance.signed_in()
    monkeypatch.setattr(rows, "session_owner", hang)
    monkeypatch.setattr(rows, "token_owner", hang)
    token = {"Authorization": f"Bearer {fresh_token()}"}
    poll = {"HX-Request": "true"}
    for count, (path, headers) in enumerate((("/network", {}), ("/api/network", token), ("/network/live", poll)), 1):
        assert unseen.get(path, headers=headers).status_code == 503
        assert len(asked) == count, path

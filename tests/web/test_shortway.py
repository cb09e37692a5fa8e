"""The short way of a poll gives nobody more than the app would, and nothing that is over."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.db.errors import DatabaseUnavailable
from perseus.web.network import shortway
from perseus.web.network.held import HEADER
from perseus.web.network.shortway import ShortWay
from perseus.web.site import NAME
from tests.web.reading import HTMX, get
from tests.web.views import KRAKEN, NOW, FakeDirectory, app_of, live, view

LIVE = "/network/live"


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory(view([live()]))


@pytest.fixture
def app(directory: FakeDirectory) -> Flask:
    return app_of(directory)


@pytest.fixture
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes the long way."""
    way: Any = app.wsgi_app
    assert isinstance(way, ShortWay)
    inner, paths = way._app, list[str]()

    def noting(environ: Any, start_response: Any) -> Any:
        paths.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    monkeypatch.setattr(way, "_app", noting)
    return paths


def test_the_second_of_two_who_ask_alike_gets_what_the_first_was_answered(app: Flask, asked: list[str]) -> None:
    first = app.test_client(role=Role.ADMIN).get(LIVE, headers=HTMX)
    second = app.test_client(role=Role.OPERATOR).get(LIVE, headers=HTMX)
    assert asked == [LIVE]
    assert second.data == first.data
    assert list(second.headers) == list(first.headers)
    assert second.status_code == 200


def test_a_new_reading_goes_through_the_app(app: Flask, directory: FakeDirectory, asked: list[str]) -> None:
    get(app, LIVE, **HTMX)
    directory.shown = view([live(KRAKEN)], now=NOW + 1_000)
    assert "Kraken" in get(app, LIVE, **HTMX).text
    assert len(asked) == 2


@pytest.mark.parametrize(
    "other", [{HEADER: "another"}, {"Accept-Encoding": "gzip"}, {"query": "view=dense"}, {"query": "q=coin"}]
)
def test_whoever_asks_otherwise_goes_through_the_app(app: Flask, asked: list[str], other: dict[str, str]) -> None:
    get(app, LIVE, **HTMX)
    query = other.pop("query", "")
    get(app, f"{LIVE}?{query}" if query else LIVE, **HTMX, **other)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Cookie": "perseus=forged"}, 401), ({"HX-Request": "yes"}, 200)],
)
def test_what_is_in_doubt_goes_through_the_app_which_says_what_is_wrong(
    app: Flask, asked: list[str], headers: dict[str, str], status: int
) -> None:
    get(app, LIVE, **HTMX)
    client = app.test_client(role=None) if "Cookie" in headers else app.test_client()
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in {**HTMX, **headers}.items()}
    assert client.get(LIVE, environ_overrides=environ).status_code == status
    assert len(asked) == 2


def test_a_stranger_gets_nothing_of_what_others_were_answered(app: Flask, asked: list[str]) -> None:
    get(app, LIVE, **HTMX)
    response = app.test_client(role=None).get(LIVE, headers=HTMX)
    assert response.status_code == 401
    assert "Coinbase" not in response.text


def test_a_session_that_was_ended_gets_nothing(app: Flask, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    get(app, LIVE, **HTMX)
    monkeypatch.setattr(app.extensions[NAME].access.sessions, "owner", lambda digest, may_be_old: None)
    response = get(app, LIVE, **HTMX)
    assert response.status_code == 401
    assert "Coinbase" not in response.text


def test_while_the_database_does_not_say_who_asks_the_app_answers(
    app: Flask, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    get(app, LIVE, **HTMX)
    sessions = app.extensions[NAME].access.sessions

    def silent(digest: str, *, may_be_old: bool) -> Person | None:
        raise DatabaseUnavailable("sqlite:///x", "it is away")

    monkeypatch.setattr(sessions, "owner", silent)
    assert get(app, LIVE, **HTMX).status_code == 503
    assert len(asked) == 2


def test_a_refusal_is_not_kept(app: Flask, asked: list[str]) -> None:
    for _ in range(2):
        assert get(app, f"{LIVE}?state=nonsense", **HTMX).status_code == 400
    assert len(asked) == 2


def test_a_page_of_the_past_is_not_kept(app: Flask, asked: list[str]) -> None:
    for _ in range(2):
        get(app, f"{LIVE}?at=2026-11-21T14:00", **HTMX)
    assert len(asked) == 2


def test_of_many_questions_only_the_newest_answers_are_kept(app: Flask, asked: list[str]) -> None:
    for number in range(shortway.ANSWERS_KEPT + 1):
        get(app, f"{LIVE}?q={number}", **HTMX)
    get(app, f"{LIVE}?q={shortway.ANSWERS_KEPT}", **HTMX)
    assert len(asked) == shortway.ANSWERS_KEPT + 1
    get(app, f"{LIVE}?q=0", **HTMX)
    assert len(asked) == shortway.ANSWERS_KEPT + 2


def test_what_is_large_is_not_kept(app: Flask, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortway, "ANSWER_BYTES", 100)
    for _ in range(2):
        get(app, LIVE, **HTMX)
    assert len(asked) == 2


def test_a_client_cannot_choose_the_reading_it_is_answered_from(app: Flask, asked: list[str]) -> None:
    assert get(app, LIVE, **HTMX, **{"perseus.now": "x", "Perseus-Now": "1"}).status_code == 200


def test_other_methods_and_addresses_are_the_apps(app: Flask, asked: list[str]) -> None:
    get(app, LIVE, **HTMX)
    app.test_client().post(LIVE, headers=HTMX)
    app.test_client().head(LIVE, headers=HTMX)
    get(app, "/network", **HTMX)
    assert asked == [LIVE, LIVE, LIVE, "/network"]


def test_who_may_not_act_does_not_get_what_somebody_was_answered_who_may(app: Flask, asked: list[str]) -> None:
    for role in Role:
        app.test_client(role=role).get(LIVE, headers=HTMX)  # type: ignore[call-arg]
    assert len(asked) == 2, "one for viewers, one for those who may act"

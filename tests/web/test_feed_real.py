"""The feed on a real store: an admin finds what an exchange last said, on the page, page by page and as a file."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from flask import Flask

from perseus import db, keys
from perseus.store import connect
from perseus.web.site import NAME
from tests.web.reading import HTMX, get, rows, words
from tests.web.test_create_app import app_on, forget_view


@pytest.fixture
def app(tmp_path: Path, store: str) -> Flask:
    """Two exchanges: one that works and says so 200 times, and one that was lost before."""
    app = app_on(tmp_path, store)
    first, second = db.exchanges(db.default_url(tmp_path))[:2]
    with connect(store, timeout=2, name="test") as client:
        seconds, _ = client.time()
        error = {"event": "error", "error": "1006 abnormal closure", "count": "3", "state": "active"}
        client.xadd(keys.activity(second.name), error, id=f"{(seconds - 900) * 1000}-0")
        lost = {"event": "state_transition", "fromState": "active", "toState": "offline", "reason": "lease_expired"}
        client.xadd(keys.activity(second.name), lost, id=f"{(seconds - 899) * 1000}-0")
        for number in range(200):
            fields = {"event": "state_transition", "fromState": "warming", "toState": "active"}
            client.xadd(keys.activity(first.name), fields, id=f"{(seconds - 800 + number) * 1000}-0")
    return app


def test_what_died_and_what_it_last_said_is_found_behind_what_others_did(app: Flask) -> None:
    assert not any("lost" in row for row in rows(get(app, "/network").text))
    (lost,) = rows(get(app, "/network?kind=offline").text)
    assert "its lease ran out, nobody released it" in lost
    (error,) = rows(get(app, "/network/live?find=abnormal", **HTMX).text)
    assert "Error × 3" in error  # noqa: RUF001
    assert "1006 abnormal closure" in error


def test_every_event_comes_once_page_by_page(app: Flask) -> None:
    found: list[str] = []
    path: str | None = "/network/feed"
    while path:
        shown = get(app, path, **HTMX).text
        found += [part.split('"')[0] for part in shown.split('id="event-')[1:] if not part.startswith("-error")]
        path = "/network/feed?before=" + shown.split("before=")[1].split('"')[0] if "before=" in shown else None
    assert len(found) == len(set(found)) == 202


def test_the_file_has_every_event_once(app: Flask) -> None:
    lines = [json.loads(line) for line in get(app, "/network/feed.ndjson").text.splitlines()]
    assert len({line["name"] for line in lines}) == len(lines) == 202
    assert lines[-1]["error"] == "1006 abnormal closure"
    assert len(get(app, "/network/feed.csv?kind=offline").text.splitlines()) == 2


def test_a_new_event_shows_behind_a_filter_with_the_next_poll(app: Flask, store: str, tmp_path: Path) -> None:
    path = "/network/live?kind=error"
    assert len(rows(get(app, path, **HTMX).text)) == 1
    third = db.exchanges(db.default_url(tmp_path))[2]
    with connect(store, timeout=2, name="test") as client:
        client.xadd(keys.activity(third.name), {"event": "error", "error": "no route to host"})
    forget_view(app)
    first, *_ = rows(get(app, path, **HTMX).text)
    assert "no route to host" in first


def test_nobody_waits_while_others_search(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    site = app.extensions[NAME]
    began, go_on, search = threading.Event(), threading.Event(), site.directory.search

    def slow(*arguments: object) -> object:
        began.set()
        go_on.wait(10)
        return search(*arguments)

    monkeypatch.setattr(site.directory, "search", slow)
    searching = threading.Thread(target=get, args=(app, "/network/live?find=abnormal"), kwargs=HTMX)
    searching.start()
    try:
        assert began.wait(5)
        assert get(app, "/network/live", **HTMX).status_code == 200
        assert searching.is_alive()
    finally:
        go_on.set()
        searching.join(10)


@pytest.mark.parametrize("before", ["junk", "nobody:1-1", "x" * 10_000, "%00", "coinbase:1-1%0d%0aSet-Cookie:x"])
def test_a_broken_cursor_is_refused_with_a_page(app: Flask, before: str) -> None:
    response = get(app, f"/network/feed?before={before}")
    assert response.status_code == 400
    assert "Not a cursor" in words(response.text)


@pytest.mark.parametrize("find", ["%ff%fe", "%F0%9F%92%A5", "%", "a" * 200, "'; drop table", "*", "[a-", "\\"])
def test_whatever_is_searched_for_is_only_looked_for(app: Flask, find: str) -> None:
    for path in ("/network", "/network/feed", "/network/feed.csv"):
        assert get(app, f"{path}?find={find}").status_code == 200

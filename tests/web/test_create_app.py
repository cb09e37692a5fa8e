"""The whole web side on a real store and a real database: what an instance does shows on the page and in the JSON."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from perseus import db, keys
from perseus.errors import SettingError
from perseus.network.log.activity import Event
from perseus.settings import Settings
from perseus.store import connect
from perseus.web import create_app
from perseus.web.people import auditing
from perseus.web.site import NAME, Site
from tests.conftest import short
from tests.instances import IDENTITY, Party, eventually, party, walk
from tests.redis_process import RedisProcess
from tests.web.reading import HTMX, card_words, get, rows, words
from tests.web.signedin import admitted

__all__ = ["party"]

FRESH = 1.1  # longer than a worker keeps a view


def site_settings(home: Path, store: str, **changes: object) -> Settings:
    database = db.default_url(home)
    db.initialise(database)
    return short(home, redis_url=store, database_url=database, **changes)


def app_on(home: Path, store: str) -> Flask:
    return admitted(create_app(site_settings(home, store), watch=False))


def forget_view(app: Flask) -> None:
    """Let the next request read again, as if a second had passed."""
    site = app.extensions[NAME]
    assert isinstance(site, Site)
    site.shared._shared = None  # type: ignore[attr-defined]


def test_without_a_store_to_use_the_app_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="PERSEUS_REDIS_URL"):
        create_app(short(tmp_path), watch=False)


def test_the_settings_come_from_the_environment_by_default(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSEUS_HOME", str(tmp_path))
    monkeypatch.setenv("PERSEUS_REDIS_URL", store)
    db.initialise(db.default_url(tmp_path))
    response = get(create_app(watch=False), "/health/ready")
    assert response.json == {"status": "ready", "store": "ok", "database": "ok"}


def test_a_new_network_shows_every_exchange_of_the_database_as_never_seen(tmp_path: Path, store: str) -> None:
    answer = get(app_on(tmp_path, store), "/api/network/instances").json
    assert answer is not None
    assert {one["exchangeName"] for one in answer["instances"]} == {
        exchange.name for exchange in db.exchanges(db.default_url(tmp_path))
    }
    assert {one["condition"] for one in answer["instances"]} == {"never_seen"}


def test_an_instance_that_starts_and_stops_shows_on_the_page_and_in_the_json(
    tmp_path: Path,
    store: str,
    party: Party,
) -> None:
    app = app_on(tmp_path, store)
    exchange = db.exchanges(db.default_url(tmp_path))[0]
    instance = walk(party.join(store, exchange=exchange))
    said = card_words(get(app, "/network/live", **HTMX).text, exchange.id)
    assert "Active" in said
    assert IDENTITY.hostname in said
    assert "on time" in said
    told = get(app, f"/api/network/exchanges/{exchange.id}").json
    assert told is not None
    assert (told["online"], told["status"]["fencingToken"]) == (True, instance.token)

    instance.stop("end of the test")
    forget_view(app)
    shown = get(app, "/network").text
    assert "Offline · stopped" in card_words(shown, exchange.id)
    assert "Stopped in order: end of the test." in card_words(shown, exchange.id)
    assert any("Stopping" in row and "Stopped" in row for row in rows(shown))


def test_activity_pages_through_a_log_without_gap_or_repeat(tmp_path: Path, store: str) -> None:
    app = app_on(tmp_path, store)
    names = [exchange.name for exchange in db.exchanges(db.default_url(tmp_path))][:2]
    with connect(store, timeout=2, name="test") as client:
        start = client.time()[0] * 1000 - 60_000
        for number in range(25):
            both_logs_have = f"{start + number // 2}-0"
            client.xadd(keys.activity(names[number % 2]), {"event": "error", "error": f"e{number}"}, id=both_logs_have)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = get(app, f"/api/network/activity?count=4{f'&cursor={cursor}' if cursor else ''}").json
        assert page is not None
        seen += [event["error"] for event in page["events"]]
        cursor = page["older"]
    assert seen == [f"e{number}" for number in range(24, -1, -1)]


@pytest.mark.parametrize("cursor", ["junk", "coinbase:", "coinbase:1", "mtgox:1-1", "coinbase:1-1-1", "%00", ""])
def test_a_cursor_that_nobody_gave_out_is_refused(tmp_path: Path, store: str, cursor: str) -> None:
    response = get(app_on(tmp_path, store), f"/api/network/activity?cursor={cursor}")
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["field"] == "cursor"


def test_an_exchange_that_is_not_in_the_database_is_not_found(tmp_path: Path, store: str) -> None:
    app = app_on(tmp_path, store)
    assert get(app, "/api/network/activity?exchange=mtgox").status_code == 404
    assert get(app, "/api/network/exchanges/77777").status_code == 404


def test_junk_in_key_and_log_is_shown_as_such_and_costs_nobody_else(tmp_path: Path, store: str) -> None:
    app = app_on(tmp_path, store)
    first, second, third, *_ = db.exchanges(db.default_url(tmp_path))
    with connect(store, timeout=2, name="test") as client:
        client.set(keys.status(first.id), "<script>alert(1)</script>", px=40_000)
        client.rpush(keys.status(second.id), "a list")
        client.xadd(keys.activity(third.name), {"event": "state_transition", "toState": "<b>", "\x00": "\xff" * 100})
        client.xadd(keys.activity(third.name), {"<i>": "no event"})
    shown = get(app, "/network")
    assert shown.status_code == 200
    assert "Corrupt" in card_words(shown.text, first.id)
    assert "Corrupt" in card_words(shown.text, second.id)
    assert len(rows(shown.text)) == 2
    assert "<script>alert" not in shown.text
    assert get(app, "/api/network/instances").status_code == 200
    assert get(app, "/api/network/activity").status_code == 200


def test_a_store_that_stops_answering_leaves_the_last_known_cards(
    tmp_path: Path,
    own_server: RedisProcess,
    party: Party,
) -> None:
    with connect(own_server.url, timeout=2, name="test") as client:
        client.set(keys.INITIALISED, "kept")
    app = app_on(tmp_path, own_server.url)
    exchange = db.exchanges(db.default_url(tmp_path))[0]
    walk(party.join(own_server.url, exchange=exchange))
    assert "Active" in card_words(get(app, "/network").text, exchange.id)
    own_server.kill()
    forget_view(app)
    shown = get(app, "/network/live", **HTMX)
    assert shown.status_code == 200
    assert "The data store does not answer." in shown.text
    said = card_words(shown.text, exchange.id)
    assert "Unknown" in said
    assert IDENTITY.hostname in said
    assert get(app, "/health").status_code == 200
    assert get(app, "/health/ready").status_code == 503
    assert get(app, "/api/network/instances").status_code == 503
    assert str(own_server.port) not in shown.text


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"min-replicas-to-write": 1}, "fewer replicas follow it than its min-replicas-to-write asks for"),
        ({"maxmemory": 1, "maxmemory-policy": "noeviction"}, "its memory is full, up to its maxmemory"),
    ],
)
def test_a_store_that_refuses_writes_is_on_the_next_page_and_gone_when_it_takes_them(
    tmp_path: Path, own_server: RedisProcess, config: dict[str, object], why: str
) -> None:
    app = app_on(tmp_path, own_server.url)
    with own_server.client() as admin:
        admin.set(keys.INITIALISED, "kept")
        assert "refuses writes" not in words(get(app, "/network").text)
        for name, value in config.items():
            admin.config_set(name, value)
        forget_view(app)
        told = words(get(app, "/network").text)
        assert "The data store refuses writes" in told
        assert why in told
        assert "perseus doctor" in told
        assert "No exchange is connected" not in told
        assert str(own_server.port) not in told
        ready = get(app, "/health/ready")
        assert ready.status_code == 503
        assert why in ready.text
        for name in config:
            admin.config_set(name, "noeviction" if name == "maxmemory-policy" else 0)
    forget_view(app)
    assert "refuses writes" not in words(get(app, "/network").text)
    assert get(app, "/health/ready").status_code == 200


def test_a_worker_watches_until_its_process_ends(tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[object] = []
    monkeypatch.setattr("perseus.web.atexit.register", at_exit.append)
    create_app(site_settings(tmp_path, store))
    assert {"watcher", "deliveries in the feed", "doctor"} <= {thread.name for thread in threading.enumerate()}
    for stop in at_exit:
        assert callable(stop)
        stop()
    assert not {"watcher", "deliveries in the feed", "doctor"} & {thread.name for thread in threading.enumerate()}


def test_an_act_that_the_audit_log_did_not_take_is_in_it_soon_after_though_nobody_comes(
    tmp_path: Path, own_server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_exit: list[Callable[[], None]] = []
    monkeypatch.setattr("perseus.web.atexit.register", at_exit.append)
    app = create_app(site_settings(tmp_path, own_server.url))
    try:
        with connect(own_server.url, timeout=2, name="test") as client:
            client.set(keys.AUDIT_LOG, "of another type")
            auditing.of(app).write("ada@example.net", "watch symbols")
            client.delete(keys.AUDIT_LOG)
            eventually(lambda: client.exists(keys.AUDIT_LOG) == 1)
    finally:
        for stop in at_exit:
            stop()


def test_an_event_is_named_by_its_log_and_id_everywhere(tmp_path: Path, store: str) -> None:
    app = app_on(tmp_path, store)
    exchange = db.exchanges(db.default_url(tmp_path))[0]
    with connect(store, timeout=2, name="test") as client:
        stream_id = client.xadd(keys.activity(exchange.name), {"event": "error", "error": "e"})
    told = get(app, "/api/network/activity").json
    assert told is not None
    assert told["events"][0]["name"] == Event(exchange, stream_id, {}).name
    assert f'id="event-{exchange.name}-{stream_id}"' in get(app, "/network").text

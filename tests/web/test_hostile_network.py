"""Whatever stands in the store or in an address: pages answer, run nothing of it and say nothing internal."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from perseus import db, keys
from perseus.clock import SystemClock, iso
from perseus.network.exchange import Exchange
from perseus.store import Client, connect
from perseus.web.site import NAME
from tests.web.reading import get, words
from tests.web.test_create_app import app_on
from tests.web.views import payload

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x00\x1b[2J\u202e\ue000age1\ue000{{7*7}}"
LONG = 10_000_000
PAGES = (
    "/network",
    "/network/live",
    "/network?view=dense",
    "/network?wall=1",
    "/network/coinbase",
    "/network/feed",
    "/network/feed?exchange=coinbase",
    "/network/feed.csv",
    "/network/feed.ndjson",
    "/api/network/instances",
)
ODD = (
    EVIL,
    "\x00",
    "%",
    "9" * 400,
    "-1",
    "..",
    "1e999",
    "\u0661",
    "a" * 300,
    "2026-02-30",
    "\ue000x1\ue000",
    "<img src=x>",
)
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\ue000]")
OF_CONTROLS = {"action", "aria-describedby", "data-confirm", "disabled", "method", "value"}
INTERNAL = ("Traceback", "perseus/", "site-packages", "redis://", "sqlite", "127.0.0.1:")


class Tags(HTMLParser):
    """What a browser would make of a page: names of elements, names of attributes, ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]


@pytest.fixture
def app(tmp_path: Path, real_store: str) -> Flask:
    return app_on(tmp_path, real_store)


@pytest.fixture
def exchange(app: Flask, tmp_path: Path) -> Exchange:
    return next(one for one in db.exchanges(db.default_url(tmp_path)) if one.name == "coinbase")


@pytest.fixture
def raw(real_store: str) -> Any:
    with connect(real_store, timeout=5, name="test") as client:
        client.set(keys.INITIALISED, "kept", nx=True)
        yield client


def assert_harmless(shown: str) -> None:
    """It says nothing internal and holds nothing that acts."""
    assert not any(word in shown for word in INTERNAL)
    assert not CONTROLS.search(shown)
    assert "img" not in Tags(shown).elements


def read_log(app: Flask) -> None:
    """Let the app read the logs, as its thread would."""
    app.extensions[NAME].chronicle.refresh()


def evil_payload(exchange: Exchange, **changes: object) -> str:
    told = payload(exchange, SystemClock().wall_ms()).model_dump(by_alias=True)
    odd = dict.fromkeys(("instanceId", "hostname", "ipAddress", "version", "adminEmail", "adminDisplayName"), EVIL)
    said = dict.fromkeys(("target", "pausedAt", "pausedBy"), EVIL)
    fields = {EVIL: EVIL, "": "", "n": -1e308, "q": None, **said}
    return json.dumps({**told, **odd, "lastError": EVIL * 3, "lastErrorAt": iso(0), "fields": fields, **changes})


def check(app: Flask, path: str) -> str:
    """That page answers, is no larger than a page may be, and holds nothing that acts."""
    answer = get(app, path)
    assert answer.status_code == 200, (path, words(answer.text))
    assert len(answer.data) < 1_000_000, path
    shown = answer.text
    if answer.mimetype == "text/html":
        tags, clean = Tags(shown), Tags(get(app, "/network/binance").text)
        assert "img" not in tags.elements
        assert not {name for name in tags.attributes if name.startswith("on")}
        known = clean.attributes | Tags(get(app, "/network").text).attributes
        assert tags.attributes <= known | {"open", "selected"} | OF_CONTROLS
        assert len(tags.ids) == len(set(tags.ids)), path
        assert not CONTROLS.search(shown), path
        assert "alert(1)</script" not in shown
    return shown


def test_hostile_words_in_every_field_of_an_instance_are_only_words(
    app: Flask, exchange: Exchange, raw: Client
) -> None:
    raw.set(keys.status(exchange.id), evil_payload(exchange), px=40_000)
    for path in PAGES:
        check(app, path)
    assert "&lt;script&gt;alert(1)" in check(app, "/network/coinbase")


def test_hostile_words_in_the_last_record_are_only_words(app: Flask, exchange: Exchange, raw: Client) -> None:
    record = {"token": "7", "nonce": EVIL, "until_ms": "1795000000000", "beat_ms": "1795000000000", "closed": "1"}
    closed = {"closed_ms": "1795000000000", "reason": EVIL, "payload": evil_payload(exchange), "recorded_ms": "9"}
    raw.hset(keys.last_record(exchange.id), mapping={**record, **closed})
    for path in PAGES:
        check(app, path)
    assert "[2J" in check(app, "/network/coinbase")


@pytest.mark.parametrize(
    "fields",
    [
        dict.fromkeys(("event", "toState", "fromState", "reason", "hostname", "ip", "adminEmail", "offlineAt"), EVIL),
        {"event": "state_transition", "toState": "offline", "fromState": EVIL, "reason": EVIL, "offlineAt": EVIL},
        {"event": "state_transition", "toState": "active", "downtimeMs": "9" * 400, "hostname": EVIL},
        {"event": "error", "error": EVIL, "state": EVIL, "count": "-1", "hostname": EVIL},
        {"event": "state_transition"},
        {"event": "error"},
        {"": ""},
        {EVIL: EVIL},
        {"event": "state_transition", "toState": "offline", "offlineAt": "9999-12-31T23:59:59.999Z"},
        {"event": "state_transition", "toState": "offline", "offlineAt": "0001-01-01T00:00:00.000Z"},
    ],
)
def test_odd_entries_of_a_log_are_shown_as_what_they_are(
    app: Flask, exchange: Exchange, raw: Client, fields: dict[str, str]
) -> None:
    stream_id = raw.xadd(keys.activity(exchange.name), fields)
    read_log(app)
    for path in (*PAGES, f"/network/events/{exchange.name}:{stream_id}"):
        check(app, path)
    assert f"event-{exchange.name}-{stream_id}" in check(app, "/network/coinbase")


@pytest.mark.parametrize("stream_id", ["1-1", "253402300800000-0", "18446744073709551615-18446744073709551614"])
def test_times_that_no_calendar_holds_cost_nobody_else(
    app: Flask, exchange: Exchange, raw: Client, stream_id: str
) -> None:
    raw.xadd(keys.activity("binance"), {"event": "state_transition", "toState": "active"})
    raw.xadd(keys.activity(exchange.name), {"event": "state_transition", "toState": "active"}, id=stream_id)
    read_log(app)
    for path in (*PAGES, "/network/binance"):
        check(app, path)
    assert "Last 24 h" in check(app, "/network/binance")


def test_ten_megabytes_of_error_text_are_cut_and_the_page_says_so(app: Flask, exchange: Exchange, raw: Client) -> None:
    text = "x" * LONG
    raw.set(keys.status(exchange.id), evil_payload(exchange, lastError=text), px=60_000)
    stream_id = raw.xadd(keys.activity(exchange.name), {"event": "error", "error": text})
    read_log(app)
    for path in PAGES[:-4]:
        check(app, path)
    assert "9,998,000 more characters" in check(app, "/network/coinbase")
    assert "more characters" in check(app, f"/network/events/{exchange.name}:{stream_id}")


def test_bytes_that_are_no_text_cost_nobody_else(app: Flask, exchange: Exchange, raw: Client) -> None:
    junk: Any = b"\xff\xfe<b>\xc3("
    raw.set(keys.status(exchange.id), junk, px=40_000)
    raw.hset(keys.last_record(exchange.id), mapping={"token": junk, "reason": junk})
    raw.xadd(keys.activity(exchange.name), {"event": "error", "error": junk, junk: junk})
    raw.set(keys.status(2), evil_payload(Exchange(2, "binance", "Binance")), px=40_000)
    read_log(app)
    for path in PAGES:
        check(app, path)
    assert "Corrupt" in words(check(app, "/network/coinbase"))
    assert "Active" in words(check(app, "/network/binance"))


@pytest.mark.parametrize("kind", ["string", "list", "record", "log"])
def test_keys_of_another_kind_are_named_and_cost_nobody_else(
    app: Flask, exchange: Exchange, raw: Client, kind: str
) -> None:
    if kind == "string":
        raw.set(keys.last_record(exchange.id), EVIL)
    elif kind == "list":
        raw.rpush(keys.status(exchange.id), EVIL)
    elif kind == "record":
        raw.hset(keys.last_record(exchange.id), mapping={"until_ms": EVIL, "token": EVIL, "closed": EVIL})
    else:
        raw.hset(keys.activity(exchange.name), EVIL, EVIL)
    read_log(app)
    for path in PAGES:
        check(app, path)
    if kind != "log":
        assert "Corrupt" in words(check(app, "/network/coinbase"))


@pytest.mark.parametrize(
    "name",
    ["..", "../..", ".", " ", "%00", "%2e%2e", "%2F", "a" * 300, "Coinbase", "coinbase ", "coinbase%0a", "no\u202ename",
     EVIL, "binance;drop", "-", "0", "%ff", "\ud7ff", "events/..", "events/", "live/x"],
)  # fmt: skip
def test_a_name_that_is_not_there_is_not_found_and_nothing_internal_is_said(app: Flask, name: str) -> None:
    shown = get(app, "/network/" + quote(name, safe="/%."))
    assert shown.status_code in (404, 308, 302), shown.text
    assert len(shown.text) < 20_000
    assert_harmless(shown.text)


def test_a_name_in_other_letters_is_told_the_one_it_is_like(app: Flask) -> None:
    assert "Did you mean coinbase?" in words(get(app, "/network/COINBASE").text)


@pytest.mark.parametrize(
    "field", ["at", "state", "q", "view", "wall", "live", "exchange", "kind", "from", "to", "find"]
)
def test_an_odd_value_in_an_address_is_refused_by_name_or_is_only_a_word(app: Flask, field: str) -> None:
    for path, value in itertools.product(("/network", "/network/live", "/network/feed"), ODD):
        shown = get(app, f"{path}?{field}={quote(value)}")
        assert shown.status_code in (200, 400), (path, value, shown.status_code)
        assert_harmless(shown.text)
        if shown.status_code == 400:
            assert field in words(shown.text)


@pytest.mark.parametrize("cursor", ["coinbase:0-0", "coinbase:18446744073709551615-0", EVIL, "a" * 5_000, "\x00", "-1"])
def test_a_cursor_past_the_end_has_nothing_more_and_one_that_is_none_is_refused(app: Flask, cursor: str) -> None:
    shown = get(app, f"/network/feed?cursor={quote(cursor)}")
    assert shown.status_code in (200, 400)
    assert_harmless(shown.text)

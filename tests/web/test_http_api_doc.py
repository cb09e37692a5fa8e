"""docs/http-api.md lists what the app serves, and its examples have the members that the app gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from perseus.access.roles import Role
from perseus.db.seed import SEEDS
from perseus.network.view.reading import Condition
from perseus.notify.told.fate import Fate
from perseus.notify.told.ledger import OUTCOMES
from perseus.web import problems
from perseus.web.card import badges
from perseus.web.feed import deliveries
from perseus.web.notify import destinationrows
from perseus.web.notify.historyrows import ORDERS
from perseus.web.problems import Problem
from tests.web.reading import get
from tests.web.signedin import token
from tests.web.views import FakeDirectory, app_of, event, live, view

DOCS = Path(__file__).parents[2] / "docs"
API = (DOCS / "http-api.md").read_text("utf-8")
PAGE = (DOCS / "page.md").read_text("utf-8")
FLASK_PLACE = re.compile(r"<\w+:(?:exchange_)?(\w+)>")


def test_every_address_is_listed_and_every_listed_one_is_served() -> None:
    app = app_of(FakeDirectory())
    rules = [(FLASK_PLACE.sub(r"<\1>", rule.rule), rule.methods or ()) for rule in app.url_map.iter_rules()]
    served = {f"{method} {address}" for address, methods in rules for method in ("GET", "POST") if method in methods}
    rows = "".join(re.findall(r"^\|.*$", API, re.M))
    assert set(re.findall(r"`((?:GET|POST) [^`]+)`", rows)) == served


def test_what_changes_something_is_posted_and_refused_from_another_site() -> None:
    app = app_of(FakeDirectory())
    methods = {method for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    assert methods == {"GET", "HEAD", "OPTIONS", "POST"}
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            address = re.sub(r"<[^>]+>", "1", rule.rule)
            assert app.test_client().post(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_the_examples_of_who_is_turned_away_are_real_answers() -> None:
    app = app_of(FakeDirectory())
    app.add_url_rule("/api/act", "act", lambda: "", methods=["POST"])
    stranger = app.test_client(role=None)
    wrong = stranger.get("/api/network/instances", headers={"Authorization": "Bearer perseus_none"})
    lower = stranger.post("/api/act", headers={"Authorization": f"Bearer {token(Role.VIEWER)}"})
    section = API.partition("## Signing in")[2].partition("\n## ")[0]
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, re.S)]
    assert shown == [wrong.json, lower.json]


@pytest.mark.parametrize(
    ("heading", "path"), [("instances", "/api/network/instances"), ("activity", "/api/network/activity")]
)
def test_an_example_has_the_members_of_a_real_answer(heading: str, path: str) -> None:
    found = re.search(rf"## `GET /api/network/{heading}`.*?```json\n(.*?)```", API, re.S)
    assert found
    documented = json.loads(found[1])
    directory = FakeDirectory(view([live()], [event()], "coinbase:1-0"))
    given = get(app_of(directory), path).json
    assert given is not None
    assert documented.keys() == given.keys()
    (members,) = (name for name in given if isinstance(given[name], list))
    extra = given[members][0].keys() - documented[members][0].keys()
    assert documented[members][0].keys() <= given[members][0].keys()
    assert extra <= event().fields.keys()


def test_the_exchange_of_the_example_is_named_as_a_new_site_names_it() -> None:
    shown = re.findall(r'"exchangeName": "(\w+)",\s+"displayName": "([^"]+)"', API)
    assert shown
    assert set(shown) <= {(row["name"], row["display_name"]) for row in SEEDS}


def test_every_condition_is_documented() -> None:
    for condition in Condition:
        assert f"`{condition.value}`" in API


def test_every_badge_is_explained() -> None:
    for badge in badges.RANKED:
        said = f"{badge.word} · {badge.detail}" if badge.detail else badge.word
        assert said in PAGE


def test_every_badge_of_a_destination_and_every_mark_is_explained() -> None:
    for badge in destinationrows.RANKED:
        assert f"| {badge.word} |" in PAGE
    for mark in deliveries.SAID.values():
        assert mark in PAGE


def test_every_state_of_a_delivery_and_every_outcome_of_a_history_is_documented() -> None:
    for word in (*Fate, *OUTCOMES):
        assert f"`{word}`" in API


def test_every_button_of_a_destination_is_explained() -> None:
    for word in ORDERS.values():
        assert word in PAGE or word == "Redrive"


def test_every_status_of_a_problem_is_listed() -> None:
    for status in (400, 403, 404, 405, 409, 421, 500, 503):
        assert f"| {status} |" in API
    with app_of(FakeDirectory()).test_request_context("/api/"):
        body = problems.answer(Problem(400, "d", "count")).json
    assert body is not None
    assert all(f"`{member}`" in API for member in body)


@pytest.mark.parametrize("header", ["Content-Security-Policy", "Referrer-Policy", "Perseus-Now", "no-store"])
def test_every_header_is_documented(header: str) -> None:
    assert header in API

"""`/api/openapi.json`: as many addresses as there are views, and a document that holds together."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import pytest

from perseus.web import doctorpage
from perseus.web.api import network as api
from perseus.web.api import notifications as notifyapi
from perseus.web.api import symbols as symbolsapi
from perseus.web.api.document import PROBLEMS, document
from perseus.web.api.operations import OPERATIONS
from tests.web.reading import get
from tests.web.views import FakeDirectory, app_of

PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


def references(part: Any) -> set[str]:
    """Every $ref in it, at any depth."""
    if isinstance(part, list):
        return set().union(*(references(one) for one in part))
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
    return own.union(*(references(one) for one in part.values()))


def test_every_view_of_the_api_is_in_the_document_and_nothing_else() -> None:
    rules = [rule for rule in app_of(FakeDirectory()).url_map.iter_rules() if rule.rule.startswith("/api/")]
    served = {
        (PLACE.sub(r"{\1}", rule.rule), method.lower())
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(address, method) for address, item in document()["paths"].items() for method in item}
    assert told == served


def test_the_parts_of_each_address_are_its_path_parameters() -> None:
    for one in OPERATIONS:
        assert re.findall(r"{(\w+)}", one.address) == [each.name for each in one.parameters if each.place == "path"]


def test_the_query_parameters_are_those_that_the_views_take() -> None:
    views = {**vars(api), **vars(notifyapi), **vars(doctorpage), **vars(symbolsapi)}
    for one in OPERATIONS:
        if one.name == "document":
            continue
        view = views[one.name]
        taken = re.search(r"query\(\((.*?)\)\)", inspect.getsource(view))
        assert taken
        assert re.findall(r'"(\w+)"', taken[1]) == [each.name for each in one.parameters if each.place == "query"], (
            one.name
        )


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    made = document()
    used = references(made)
    for reference in used:
        found: Any = made
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    assert {f"#/components/schemas/{name}" for name in made["components"]["schemas"]} <= used
    assert {f"#/components/responses/{status}" for status in PROBLEMS} <= used


def test_the_document_is_served_as_it_is_and_takes_no_parameter() -> None:
    app = app_of(FakeDirectory())
    answer = get(app, "/api/openapi.json")
    assert answer.json == json.loads(json.dumps(document()))
    assert answer.json is not None
    assert answer.json["openapi"].startswith("3.1.")
    assert get(app, "/api/openapi.json?pretty=1").status_code == 400


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.name)
def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(one: Any) -> None:
    assert [other.name for other in OPERATIONS].count(one.name) == 1
    assert one.about
    assert not one.about.endswith(".")

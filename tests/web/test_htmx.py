"""What htmx-flask does and does not do with htmx 4, pinned, since it predates it."""

from __future__ import annotations

import importlib.metadata

import pytest
from flask import Flask
from htmx_flask.requests import HtmxAwareRequest

from perseus.web import htmx
from tests.web.views import FakeDirectory, app_of


@pytest.fixture
def app() -> Flask:
    return app_of(FakeDirectory())


@pytest.mark.parametrize(
    ("headers", "wants"), [({"HX-Request": "true"}, True), ({"HX-Request": "false"}, False), ({}, False)]
)
def test_only_htmx_is_given_fragments(app: Flask, headers: dict[str, str], wants: bool) -> None:
    with app.test_request_context("/network/live", headers=headers):
        assert htmx.wants_fragment() is wants


def test_htmx_flask_replaces_the_request_class(app: Flask) -> None:
    assert app.request_class is HtmxAwareRequest


def test_the_version_of_htmx_flask_is_the_one_these_facts_were_found_in() -> None:
    assert importlib.metadata.version("htmx-flask") == "0.1.0"


def test_its_target_is_no_id_and_its_trigger_is_missing_with_htmx_4(app: Flask) -> None:
    sent = {"HX-Request": "true", "HX-Target": "section#network-live", "HX-Source": "section#network-live"}
    with app.test_request_context("/network/live", headers=sent) as context:
        assert isinstance(context.request, HtmxAwareRequest)
        assert context.request.htmx.target == "section#network-live"
        assert context.request.htmx.trigger is None

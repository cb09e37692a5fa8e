"""A site whose operator chooses which symbols of Binance are watched, for tests of that page."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus import db
from perseus.network.exchange import Exchange
from tests.web.hosting import lists
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in

BINANCE = Exchange(2, "binance", "Binance")
HERE = "/exchanges/binance/symbols"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def site(notified: Notified) -> Notified:
    """A site that knows what Binance listed a minute ago."""
    lists(notified.client, BINANCE.id, 60_000)
    return notified


@pytest.fixture
def otto(site: Notified) -> FlaskClient:
    return come_in(site, OTTO)


def add(browser: FlaskClient, text: str, **more: Any) -> TestResponse:
    return browser.post(HERE, data={"text": text, **more}, content_type="multipart/form-data")


def names(site: Notified) -> tuple[str, ...]:
    return db.watched_symbols(site.database_url, BINANCE)

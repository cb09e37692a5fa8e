"""A site whose operator chooses which symbols of Binance are watched, for tests of that page."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus import db, keys
from perseus.network.exchange import Exchange
from perseus.warmup.schedule import Schedule
from tests.web.holding import HOLDER, hold
from tests.web.hosting import lists
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in
from tests.web.reading import words

BINANCE = Exchange(2, "binance", "Binance")
HERE = "/exchanges/binance/symbols"
ALL, WATCHED, SETTING = "all that is traded", "what is watched", "PERSEUS_SYMBOLS"
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


def runs(site: Notified, *symbols: str, origin: str | None = ALL, feed: str = "Binance, simulated, not real") -> str:
    """An instance that takes these in; none: it has not said yet which."""
    fields = {"target": HOLDER, "feed": feed, **({"symbolsFrom": origin} if origin else {})}
    instance = hold(site.client, BINANCE, pause=fields, symbol_count=len(symbols))
    if symbols:
        schedule = Schedule(
            exchange_id=BINANCE.id, exchange_name="binance", run_id="r", instance_id=instance, created_at="",
            mode="warm", symbols=symbols, timeframes=("1m",), total_pairs=1, sufficient_pairs=1, needs_fetching=0,
            entries=(),
        )  # fmt: skip
        site.client.set(keys.warmup_schedule(BINANCE.id), schedule.to_json())
    return instance


def running(page: str) -> str:
    found = re.search(r'id="running">(.*?)</div></div>', page, re.DOTALL)
    return words(found[1]) if found else ""


def confirmed(page: str) -> list[str]:
    """What is asked before symbols are added."""
    forms = re.findall(rf'<form[^>]*action="{HERE}"[^>]*>', page)
    return [html.unescape(said) for form in forms for said in re.findall(r'data-confirm="([^"]*)"', form)]

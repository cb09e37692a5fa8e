"""Watched symbols are held against what the exchange lists: how old that is, and who is asked for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.control.command import Command, Kind
from perseus.control.outcomes import Status
from tests.web.hosting import TARGET, Host, listing, lists, reading
from tests.web.notified import Notified
from tests.web.people import OTTO
from tests.web.reading import words
from tests.web.symbolsite import BINANCE, HERE, add, names, otto, site

__all__ = ["otto", "site"]

pytestmark = pytest.mark.databases


def test_an_old_list_is_asked_for_anew_before_anything_is_added(site: Notified, otto: FlaskClient) -> None:
    lists(site.client, BINANCE.id, 16 * 60_000, (listing("GONE-USDT"),))
    assert "A host is asked again before anything is added." in words(otto.get(HERE).text)
    with Host(site.client, site.control_key or b"", reading(site.client)) as host:
        assert add(otto, "BTC-USDT").status_code == 303
    assert [(one.kind, one.exchange_name, one.by) for one in host.taken] == [(Kind.CHECK, "binance", OTTO)]
    assert names(site) == ("BTC-USDT",)


def test_where_nobody_can_be_asked_the_old_list_stands_in_and_that_is_said(site: Notified, otto: FlaskClient) -> None:
    lists(site.client, BINANCE.id, 3 * 3_600_000)
    answer = add(otto, "BTC-USDT")
    assert answer.status_code == 200
    assert "Held against what it listed 3 h ago: No ingest process takes commands now." in words(answer.text)
    assert names(site) == ("BTC-USDT",)


@pytest.mark.parametrize(
    ("kept", "key", "said"),
    [
        (None, True, "What it lists was not read within a day. No ingest process takes commands now. Start one"),
        (None, False, "What it lists was not read within a day. Commands are off: this site has no key"),
        ("junk", True, "What it lists cannot be read: something else has written there. No ingest process"),
    ],
)
def test_where_nothing_is_known_nothing_is_added(
    site: Notified, otto: FlaskClient, kept: str | None, key: bool, said: str
) -> None:
    site.client.delete(keys.listings(BINANCE.id))
    if kept:
        site.client.set(keys.listings(BINANCE.id), kept)
    if not key:
        site.control_key = None
    assert otto.get(HERE).status_code == 200
    answer = add(otto, "BTC-USDT")
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert words(answer.text).count(said.partition(".")[0]) == 1, "it is said once"
    assert "BTC-USDT" in answer.text, "what was given is still there"
    assert names(site) == ()


def test_another_type_where_its_list_is_kept_is_told_and_no_failure(site: Notified, otto: FlaskClient) -> None:
    site.client.delete(keys.listings(BINANCE.id))
    site.client.rpush(keys.listings(BINANCE.id), "junk")
    answer = otto.get("/exchanges/binance/symbols")
    assert answer.status_code == 200
    assert "something else has written there" in words(answer.text)


def test_a_host_that_cannot_ask_says_why(site: Notified, otto: FlaskClient) -> None:
    site.client.delete(keys.listings(BINANCE.id))

    def refuse(_: Command) -> tuple[Status, str, Mapping[str, Any]]:
        return Status.FAILED, "binance answers HTTP 451.", {}

    with Host(site.client, site.control_key or b"", refuse):
        answer = add(otto, "BTC-USDT")
    assert answer.status_code == 422
    assert "host-1 (process 4711) was asked what it lists: binance answers HTTP 451." in words(answer.text)


def test_a_test_of_a_connection_says_which_variables_a_host_has(site: Notified, otto: FlaskClient) -> None:
    otto.post("/exchanges", data={"exchange": "binance", "key": "B_KEY", "secret": "B_SECRET"})
    with Host(site.client, site.control_key or b"", reading(site.client, ("B_KEY", "B_SECRET"))) as host:
        assert "host-1, process 4711: idle" in words(otto.get("/exchanges/binance").text)
        answer = otto.post("/exchanges/binance/check", data={"host": TARGET})
        assert answer.status_code == 303
        page = otto.get(answer.headers["Location"])
        for _ in range(50):
            if 'data-answer="pending"' not in page.text:
                break
            host.wait(0.1)
            page = otto.get(answer.headers["Location"])
    said = words(page.text)
    assert "Test connection on host-1: done. It answered in 87 ms and lists 6 symbols." in said
    assert "B_KEY set" in said
    assert dict(host.taken[0].arguments) == {"environment": ["B_KEY", "B_SECRET"]}
    assert "Last test that went well 0 s ago" in words(otto.get("/exchanges/binance").text)


def test_a_search_of_what_is_not_known_says_why_once(site: Notified, otto: FlaskClient) -> None:
    site.client.delete(keys.listings(BINANCE.id))
    said = words(otto.get(f"{HERE}?q=btc").text)
    assert said.count("What it lists was not read within a day.") == 1
    assert "It is not known what it lists." in said


def test_lines_that_were_typed_come_back_as_lines(site: Notified, otto: FlaskClient) -> None:
    site.client.delete(keys.listings(BINANCE.id))
    page = add(otto, "BTC-USDT\r\nETH-USDT, SOL-USDT\r\n").text
    (typed,) = re.findall(r'<textarea id="text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert typed == "BTC-USDT\nETH-USDT, SOL-USDT"

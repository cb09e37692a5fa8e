"""While something else stands where ingest processes report, nothing is said of them that nobody knows."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from perseus import keys
from perseus.control import channel, hosts
from perseus.control.command import Kind
from perseus.control.outcomes import Outcome, Status
from tests.web.hosting import TARGET, report
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in
from tests.web.reading import HTMX, words

ID = "0" * 32
HERE = f"/commands/{TARGET}/{ID}?what=start"
UNREAD = "Which processes take commands cannot be read: in the data store perseus:hosts holds something"
MENDS = "or delete it: perseus redis-cli DEL perseus:hosts"


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    return come_in(notified, OTTO)


def overwrite(site: Notified) -> None:
    site.client.delete(keys.HOSTS)
    site.client.set(keys.HOSTS, "junk")


def run(site: Notified, ago_ms: int = 0) -> None:
    """A start that was under way that long ago."""
    at_ms = site.now_ms() - ago_ms
    channel.record(
        site.client, Outcome(ID, Kind.START, TARGET, Status.RUNNING, at_ms, at_ms, step="warming", percent=40)
    )


def test_the_hosts_page_says_that_the_list_cannot_be_read_and_what_to_do(notified: Notified, otto: FlaskClient) -> None:
    report(notified.client)
    overwrite(notified)
    for headers in ({}, HTMX):
        said = words(otto.get("/hosts", headers=headers).text)
        assert UNREAD in said
        assert MENDS in said
        assert "Not known which processes take commands" in said
        assert "No process takes commands" not in said
        assert "perseus ingest --idle" not in said
    report(notified.client)
    said = words(otto.get("/hosts").text)
    assert "1 process: 1 idle" in said
    assert UNREAD not in said


@pytest.mark.parametrize("path", ["/network/binance/connect", "/exchanges/binance"])
def test_no_page_says_that_there_is_nobody(notified: Notified, otto: FlaskClient, path: str) -> None:
    otto.post("/exchanges", data={"exchange": "binance"})
    overwrite(notified)
    said = words(otto.get(path).text)
    assert UNREAD in said
    assert MENDS in said
    assert "No process is free" not in said
    notified.client.delete(keys.HOSTS)
    said = words(otto.get(path).text)
    assert UNREAD not in said
    assert "No process is free" in said or "No ingest process takes commands now." in said


def test_nobody_is_said_to_be_there_for_a_search_of_symbols(notified: Notified, otto: FlaskClient) -> None:
    overwrite(notified)
    answer = otto.post("/exchanges/binance/symbols", data={"text": "BTC-USDT"})
    assert UNREAD in words(answer.text)


@pytest.mark.parametrize("spoil", ["another type", "junk in its place", "all were lost"])
def test_a_command_stays_as_it_was_told_while_nobody_knows_whether_its_process_lives(
    notified: Notified, otto: FlaskClient, spoil: str
) -> None:
    report(notified.client)
    run(notified)
    if spoil == "another type":
        overwrite(notified)
    elif spoil == "junk in its place":
        notified.client.hset(keys.HOSTS, TARGET, "{")
    else:
        notified.client.delete(keys.HOSTS)
    page = otto.get(HERE).text
    assert 'data-answer="pending"' in page
    assert "warming" in words(page)
    assert 'value="40"' in page


def test_a_command_of_a_process_that_has_ended_is_told_as_failed(notified: Notified, otto: FlaskClient) -> None:
    run(notified)
    old = {"target": TARGET, "hostname": "host-1", "pid": 1, "role": "idle"}
    at_ms = notified.now_ms() - hosts.GONE_AFTER_MS - 1_000
    notified.client.hset(keys.HOSTS, TARGET, json.dumps({**old, "at": at_ms}))
    assert 'data-answer="failed"' in otto.get(HERE).text
    notified.client.delete(keys.HOSTS)
    run(notified, hosts.GONE_AFTER_MS + 1_000)
    assert 'data-answer="failed"' in otto.get(HERE).text

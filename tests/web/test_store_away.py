"""While the store does not answer, the pages of symbols and commands say so, and lose nothing that was typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from perseus.control import channel
from perseus.db import userexchanges, watched
from perseus.db.userexchanges import Access
from perseus.errors import StoreUnavailable
from perseus.web.control.commanding import Commanding
from perseus.web.problems import STORE_SILENT
from tests.redis_process import RedisProcess
from tests.web.holding import HOLDER, hold
from tests.web.hosting import TARGET, lists, report
from tests.web.notified import Notified
from tests.web.people import OTTO, come_in, user
from tests.web.reading import words
from tests.web.symbolsite import BINANCE, HERE, add, names

pytestmark = pytest.mark.databases


@pytest.fixture
def alone(own_server: RedisProcess, tmp_path: Path) -> Iterator[Notified]:
    """A site with a store of its own."""
    site = Notified(own_server.url, tmp_path)
    lists(site.client, BINANCE.id)
    watched.watch(site.database_url, BINANCE, ["BTC-USDT", "ETH-USDT"], "test")
    yield site
    site.close()


@pytest.fixture
def otto(alone: Notified, own_server: RedisProcess) -> FlaskClient:
    """He has signed in, and then the store has gone away."""
    _set_up(alone)
    browser = come_in(alone, OTTO)
    own_server.kill()
    return browser


@pytest.mark.parametrize(
    "path",
    [
        HERE,
        f"{HERE}?saved=removed-1&target={TARGET}&command={'0' * 32}&at=1",
        "/api/network/exchanges/2/symbols",
    ],
)
def test_a_page_says_that_the_store_does_not_answer(otto: FlaskClient, path: str) -> None:
    answer = otto.get(path)
    assert answer.status_code == 503
    assert STORE_SILENT in words(answer.text)


def test_symbols_that_were_typed_come_back(alone: Notified, otto: FlaskClient) -> None:
    answer = add(otto, "SOL-USDT, LUNA-USDT")
    assert answer.status_code == 503
    assert STORE_SILENT in words(answer.text)
    assert "SOL-USDT, LUNA-USDT" in answer.text
    assert names(alone) == ("BTC-USDT", "ETH-USDT")


def test_a_removal_needs_no_store_and_says_that_nobody_was_told(alone: Notified, otto: FlaskClient) -> None:
    answer = otto.post(f"{HERE}/remove", data={"symbol": "BTC-USDT"})
    assert answer.headers["Location"].endswith("saved=removed-1&why=unseen")
    assert names(alone) == ("ETH-USDT",)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "saved=removed-1&why=unseen",
            "1 symbol removed. That is saved. What runs was not told of it: the data store did not answer. It is taken "
            "in at the next start.",
        ),
        (
            f"saved=added-2&kept=1&target={TARGET}&command={'0' * 32}&at=1",
            "2 symbols added. 1 symbol that ran already is watched too, so that nothing stops. That is saved. What "
            "runs was told of it.",
        ),
    ],
)
def test_what_was_saved_is_said_where_the_list_cannot_be_shown(otto: FlaskClient, query: str, said: str) -> None:
    answer = otto.get(f"{HERE}?{query}")
    assert answer.status_code == 503
    assert f"{said} What is watched now cannot be shown. {STORE_SILENT}" in words(answer.text)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("query", ["saved=%3Cb%3E", "why=unseen", ""])
def test_nothing_is_said_to_be_saved_that_was_not(otto: FlaskClient, query: str) -> None:
    assert "is saved" not in words(otto.get(f"{HERE}?{query}").text)


def test_a_test_of_a_connection_is_not_sent(otto: FlaskClient) -> None:
    answer = otto.post("/exchanges/binance/check", data={"host": TARGET})
    assert answer.status_code == 503
    assert STORE_SILENT in words(answer.text)


def test_what_cannot_be_dated_is_not_sent(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store answers when it is asked who is there, and not any more when it is asked for the time."""
    _set_up(notified)
    report(notified.client)
    monkeypatch.setattr(Commanding, "now_ms", _away)
    answer = come_in(notified, OTTO).post("/network/binance/connect", data={"host": TARGET})
    assert answer.status_code == 503
    assert channel.receive(notified.client, TARGET, channel.START, 0) == []


def test_what_runs_is_told_or_said_not_to_be(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(notified.client, BINANCE, pause={"target": HOLDER})
    watched.watch(notified.database_url, BINANCE, ["BTC-USDT", "ETH-USDT"], "test")
    monkeypatch.setattr(Commanding, "now_ms", _away)
    answer = come_in(notified, OTTO).post(f"{HERE}/remove", data={"symbol": "BTC-USDT"})
    assert answer.headers["Location"].endswith("saved=removed-1&why=unseen")
    assert channel.receive(notified.client, HOLDER, channel.START, 0) == []


def _away(*_: object) -> int:
    raise StoreUnavailable("here", "it is away")


def _set_up(site: Notified) -> None:
    userexchanges.add_record(site.database_url, user(site, OTTO).person.id, BINANCE, Access("Ours", "A", "B"))


def test_of_an_import_with_several_answers_it_is_not_said_that_nothing_was_changed(
    notified: Notified, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is gone once what runs was told of it."""
    _set_up(notified)
    lists(notified.client, BINANCE.id)
    hold(notified.client, BINANCE)
    monkeypatch.setattr(Commanding, "outcome", _away)
    answer = add(come_in(notified, OTTO), "SOL-USDT\nNO-SUCH")
    assert answer.status_code == 200
    assert "1 symbol added, of 2 lines. What runs was told of it." in words(answer.text)
    assert names(notified) == ("SOL-USDT",)

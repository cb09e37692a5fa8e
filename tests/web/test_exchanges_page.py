"""Connection records through the page: one's own, by names of variables alone, and never by what they hold."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from perseus.access.auditentry import DONE, INVALID
from perseus.db import userexchanges, watched
from perseus.db.userexchanges import Access
from perseus.network.exchange import Exchange
from tests.databases import execute
from tests.web.holding import hold
from tests.web.notified import Notified
from tests.web.people import ADA, OTTO, VERA, come_in, entries, user
from tests.web.reading import words

pytestmark = pytest.mark.databases

BINANCE = Exchange(2, "binance", "Binance")
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
NAMES = {"display_name": "Ours", "key": "BINANCE_API_KEY", "secret": "BINANCE_API_SECRET", "further": ""}
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def otto(notified: Notified) -> FlaskClient:
    return come_in(notified, OTTO)


def add(browser: FlaskClient, exchange: str = "binance", **sent: str) -> TestResponse:
    return browser.post("/exchanges", data={"exchange": exchange, **NAMES, **sent})


def records(site: Notified, email: str = OTTO) -> tuple[userexchanges.Record, ...]:
    return userexchanges.records(site.database_url, user(site, email).person.id)


def test_only_operators_set_up_exchanges(notified: Notified) -> None:
    vera = come_in(notified, VERA)
    for path in ("/exchanges", "/exchanges?exchange=binance", "/exchanges/binance"):
        assert vera.get(path).status_code == 403
    assert add(vera).status_code == 403
    assert 'href="/exchanges"' not in vera.get("/network").text
    assert 'href="/exchanges"' in come_in(notified, ADA).get("/network").text


def test_the_form_of_an_exchange_comes_filled_and_says_from_where_it_may_not_be_used(otto: FlaskClient) -> None:
    page = otto.get("/exchanges?exchange=binance").text
    assert 'value="" maxlength="100" autocomplete="off" spellcheck="false" placeholder="BINANCE_API_KEY"' in page
    assert 'placeholder="BINANCE_API_SECRET"' in page
    assert 'value="BINANCE' not in page, "market data needs no key: nothing is named that nobody has set"
    assert "Binance refuses requests from the United States with HTTP 451. What counts is where" in words(page)
    assert "refuses requests" not in words(otto.get("/exchanges?exchange=coinbase").text)
    assert otto.get("/exchanges?exchange=nowhere").status_code == 404
    assert otto.get("/exchanges?exchange=kraken").status_code == 404, "it is switched off"


def test_a_record_is_added_and_shown_and_is_the_default(notified: Notified, otto: FlaskClient) -> None:
    answer = add(otto, further="BINANCE_PASSPHRASE\nOTHER")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/exchanges?saved=added")
    (made,) = records(notified)
    assert made.access == Access("Ours", "BINANCE_API_KEY", "BINANCE_API_SECRET", ("BINANCE_PASSPHRASE", "OTHER"))
    said = words(otto.get("/exchanges?saved=added").text)
    assert "It is set up. Test the connection" in said
    assert "BINANCE_API_KEY, BINANCE_API_SECRET, BINANCE_PASSPHRASE, OTHER" in said
    assert "Ours Default" in said
    assert otto.get("/exchanges?exchange=binance").headers["Location"] == "/exchanges/binance"
    assert records(notified, ADA) == ()
    assert "Ours" not in come_in(notified, ADA).get("/exchanges").text


def test_without_names_market_data_alone_is_used(notified: Notified, otto: FlaskClient) -> None:
    assert add(otto, display_name="", key="", secret="").status_code == 303
    assert records(notified)[0].access == Access("Binance", None, None)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"key": KEY}, "looks like a key or a secret itself"),
        ({"secret": KEY}, "looks like a key or a secret itself"),
        ({"further": f"GOOD\n{KEY}"}, "looks like a key or a secret itself"),
        ({"key": "api-key"}, "give the name of an environment variable"),
        ({"key": "2KEY"}, "give the name of an environment variable"),
        ({"key": EVIL}, "give the name of an environment variable"),
        ({"key": ""}, "a secret goes with a key"),
        ({"display_name": "n" * 101}, "give a name of at most 100 characters"),
        ({"display_name": f"mine {KEY}"}, "this looks like a key or a secret itself"),
        ({"display_name": "bell\x07"}, "give a name of at most 100 characters"),
    ],
)
def test_what_cannot_be_saved_is_told_and_a_secret_is_never_shown_again(
    notified: Notified, otto: FlaskClient, sent: dict[str, str], said: str
) -> None:
    answer = add(otto, **sent)
    assert answer.status_code == 422
    assert said in words(answer.text)
    for given in (KEY, EVIL):
        assert given not in answer.text
    assert records(notified) == ()
    entry = entries(notified)[0]
    assert (entry.what, entry.target, entry.result) == ("set up an exchange", "binance", INVALID)
    assert KEY not in str(entry)


def test_a_second_record_of_the_same_exchange_is_refused(notified: Notified, otto: FlaskClient) -> None:
    add(otto)
    answer = add(otto, display_name="Again")
    assert answer.status_code == 422
    assert "You have set up binance already. Change that one." in words(answer.text)
    assert [one.access.display_name for one in records(notified)] == ["Ours"]


@pytest.mark.parametrize(
    ("then", "leads"),
    [
        ("/network", "/network"),
        ("/network/binance?live=off", "/network/binance?live=off"),
        ("//evil.example", "/exchanges?saved=added"),
        ("https://evil.example/x", "/exchanges?saved=added"),
        ("/\\evil.example", "/exchanges?saved=added"),
        ("javascript:alert(1)", "/exchanges?saved=added"),
        ("/sign-out", "/exchanges?saved=added"),
        ("", "/exchanges?saved=added"),
    ],
)
def test_it_goes_on_to_a_page_of_this_site_and_nowhere_else(otto: FlaskClient, then: str, leads: str) -> None:
    page = otto.get("/exchanges", query_string={"exchange": "binance", "next": then}).text
    assert ('name="next"' in page) == (leads == then)
    assert "evil" not in page
    assert add(otto, next=then).headers["Location"] == leads


def test_the_default_is_one_and_is_given_on(notified: Notified, otto: FlaskClient) -> None:
    add(otto)
    add(otto, "coinbase")
    assert otto.post("/exchanges/coinbase/default").status_code == 303
    assert [one.exchange.name for one in records(notified) if one.is_default] == ["coinbase"]
    assert (entries(notified)[0].what, entries(notified)[0].target) == ("choose a default connection", "coinbase")


def test_one_that_is_switched_off_is_no_default(notified: Notified, otto: FlaskClient) -> None:
    add(otto)
    assert otto.post("/exchanges/binance/switch", data={"on": "no"}).status_code == 303
    assert [(one.is_active, one.is_default) for one in records(notified)] == [(False, False)]
    answer = otto.post("/exchanges/binance/default")
    assert answer.status_code == 422
    assert "binance is switched off for you" in words(answer.text)
    otto.post("/exchanges/binance/switch", data={"on": "yes"})
    assert records(notified)[0].is_active


def test_names_are_changed_and_what_was_tested_with_others_counts_no_more(
    notified: Notified, otto: FlaskClient
) -> None:
    add(otto)
    owner = user(notified, OTTO).person.id
    userexchanges.note_connected(notified.database_url, owner, BINANCE, notified.now_ms() - 60_000)
    assert "Last test that went well 1 min ago" in words(otto.get("/exchanges/binance").text)
    answer = otto.post("/exchanges/binance", data={**NAMES, "key": "OTHER_KEY"})
    assert answer.headers["Location"] == "/exchanges/binance?saved=changed"
    assert records(notified)[0].access.key == "OTHER_KEY"
    assert "Last test that went well never" in words(otto.get("/exchanges/binance").text)
    assert dict(entries(notified)[0].detail) == {"variables": "OTHER_KEY BINANCE_API_SECRET"}
    refused = otto.post("/exchanges/binance", data={**NAMES, "key": KEY})
    assert refused.status_code == 422
    assert KEY not in refused.text


@pytest.mark.parametrize("path", ["", "/default", "/switch", "/check"])
def test_of_what_one_has_not_set_up_nothing_is_changed(notified: Notified, otto: FlaskClient, path: str) -> None:
    add(come_in(notified, ADA))
    before = records(notified, ADA)
    assert otto.post(f"/exchanges/binance{path}", data=NAMES).status_code == 404
    assert otto.post(f"/exchanges/nowhere{path}", data=NAMES).status_code == 404
    assert (records(notified, ADA), records(notified)) == (before, ())
    assert otto.get("/exchanges/binance").headers["Location"] == "/exchanges?exchange=binance"


def test_another_site_cannot_set_up_anything(notified: Notified, otto: FlaskClient) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert otto.post("/exchanges", data={"exchange": "binance", **NAMES}, headers=headers).status_code == 403
    assert records(notified) == ()


def test_hostile_names_are_escaped_wherever_they_stand(notified: Notified, otto: FlaskClient) -> None:
    add(otto, display_name=EVIL)
    for path in ("/exchanges", "/exchanges/binance"):
        assert EVIL not in otto.get(path).text
        assert "&lt;img src=x" in otto.get(path).text


def test_a_record_of_an_exchange_that_the_site_switched_off_is_still_told(
    notified: Notified, otto: FlaskClient
) -> None:
    add(otto)
    execute(notified.database_url, "UPDATE exchanges SET is_active = ? WHERE id = 2", False)
    said = words(otto.get("/exchanges").text)
    assert "Ours Default Switched off at this site" in said
    assert otto.get("/exchanges/binance").status_code == 404


def test_what_is_done_is_written_down_once(notified: Notified, otto: FlaskClient) -> None:
    add(otto)
    entry = entries(notified)[0]
    assert (entry.who, entry.what, entry.target, entry.result) == (OTTO, "set up an exchange", "binance", DONE)
    assert dict(entry.detail) == {"variables": "BINANCE_API_KEY BINANCE_API_SECRET"}


def test_without_the_tables_it_says_so(notified: Notified, otto: FlaskClient) -> None:
    execute(notified.database_url, "ALTER TABLE user_exchanges RENAME TO gone")
    answer = otto.get("/exchanges")
    assert answer.status_code == 503
    assert "user_exchanges" not in answer.text


def test_symbols_that_run_without_being_watched_are_not_told_as_none(notified: Notified, otto: FlaskClient) -> None:
    hold(notified.client, BINANCE, symbol_count=8)
    assert "Binance ingest-1.ams.example.net: active none of Binance 8 run, from elsewhere" in words(
        otto.get("/exchanges").text
    )
    hold(notified.client, BINANCE, symbol_count=1)
    assert "1 runs, from elsewhere" in words(otto.get("/exchanges").text)
    watched.watch(notified.database_url, BINANCE, ("BTC-USDT",), OTTO)
    assert "elsewhere" not in words(otto.get("/exchanges").text)

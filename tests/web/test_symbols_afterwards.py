"""The page of watched symbols while what runs takes in a change, and once that has ended: all of it says the same."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from perseus.control import channel
from perseus.control.command import Command, parse
from perseus.control.outcomes import Outcome, Status
from perseus.db import watched
from tests.web.holding import HOLDER
from tests.web.notified import Notified
from tests.web.people import VERA, come_in
from tests.web.reading import words
from tests.web.symbolsite import BINANCE, HERE, WATCHED, add, confirmed, otto, running, runs, site

__all__ = ["otto", "site"]

pytestmark = pytest.mark.databases

HTMX = {"HX-Request": "true"}
STILL = "What runs on ingest-1.ams.example.net still takes in 1 symbol that is not watched any more."
ENDS = "No longer taken in, since not watched any more: BTC-USDT."


@pytest.fixture
def removed(site: Notified, otto: FlaskClient) -> str:
    """BTC-USDT is taken out of what runs, which has been told and has not answered; the page that says so."""
    runs(site, "BTC-USDT", "ETH-USDT", origin=WATCHED)
    watched.watch(site.database_url, BINANCE, ["BTC-USDT", "ETH-USDT"], "test")
    return otto.post(f"{HERE}/remove", data={"symbol": "BTC-USDT"}).headers["Location"]


def answered(site: Notified, status: Status, text: str) -> None:
    letters = channel.receive(site.client, HOLDER, channel.START, 0)
    sent: Command = parse(letters[-1].body)
    now = site.now_ms()
    channel.record(site.client, Outcome(sent.id, sent.kind, HOLDER, status, now, now, now, text=text))


def asked_again(page: str) -> str:
    """Where the page asks how far it is."""
    found = re.search(r'id="command"[^>]*hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def rows(page: str) -> list[str]:
    return re.findall(r'<tr id="watched-([^"]+)">', page)


def test_while_what_runs_is_at_it_nothing_says_that_a_next_change_is_needed(otto: FlaskClient, removed: str) -> None:
    page = otto.get(removed).text
    assert "1 symbol removed." in words(page)
    assert running(page) == f"{STILL} It was told so, and stops that in a moment. BTC-USDT"
    assert confirmed(page) == [], "what is ended already needs no second word"
    assert rows(page) == ["ETH-USDT"]
    assert f'<noscript><p><a href="{asked_again(page).replace("&", "&amp;")}">' in page, "without JavaScript"


def test_how_far_it_is_comes_without_all_the_rest(otto: FlaskClient, removed: str) -> None:
    again = otto.get(asked_again(otto.get(removed).text), headers=HTMX).text
    assert again.lstrip().startswith('<div id="command"')
    assert asked_again(again)
    assert "hx-swap-oob" not in again
    assert rows(again) == []


def test_with_its_end_comes_all_that_is_different_then(site: Notified, otto: FlaskClient, removed: str) -> None:
    where = asked_again(otto.get(removed).text)
    runs(site, "ETH-USDT", origin=WATCHED)
    watched.watch(site.database_url, BINANCE, ["SOL-USDT"], "somebody else")
    answered(site, Status.DONE, "It takes in 1 symbol now: without BTC-USDT.")
    ended = otto.get(where, headers=HTMX).text
    assert re.search(r'id="command"[^>]*data-answer="done"', ended)
    assert '<div id="symbols" hx-swap-oob="outerMorph">' in ended
    assert "<html" not in ended
    assert running(ended) == ""
    assert rows(ended) == ["ETH-USDT", "SOL-USDT"]
    whole = otto.get(where).text
    assert "1 symbol removed. Take in the watched symbols on holder-1: done." in words(whole), "without JavaScript"
    assert running(whole) == ""


def test_where_it_failed_what_still_runs_is_said_and_asked_about_again(
    site: Notified, otto: FlaskClient, removed: str
) -> None:
    where = asked_again(otto.get(removed).text)
    answered(site, Status.FAILED, "It goes on as before.")
    ended = otto.get(where, headers=HTMX).text
    assert running(ended) == f"{STILL} With the next change of this list, or its next start, that stops. BTC-USDT"
    assert confirmed(ended) == [ENDS]


def test_the_part_of_the_list_that_was_shown_is_shown_again(site: Notified, otto: FlaskClient) -> None:
    many = [f"S{number:03d}-USDT" for number in range(120)]
    watched.watch(site.database_url, BINANCE, many, "test")
    place = {"part": "S", "page": "2"}
    page = otto.get(HERE, query_string=place).text
    for name, value in place.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    answer = otto.post(f"{HERE}/remove", data={"symbol": "S050-USDT", **place})
    assert "part=S&page=2" in answer.headers["Location"]
    assert rows(otto.get(answer.headers["Location"]).text)[0] == "S051-USDT"


def test_viewers_are_told_as_well(site: Notified, removed: str) -> None:
    vera = come_in(site, VERA)
    where = asked_again(vera.get(removed).text)
    answered(site, Status.DONE, "It takes in 1 symbol now.")
    assert 'id="symbols"' in vera.get(where, headers=HTMX).text


def test_of_an_import_one_can_look_how_far_it_is_without_javascript(site: Notified, otto: FlaskClient) -> None:
    runs(site, "BTC-USDT", origin=WATCHED)
    page = add(otto, "BTC-USDT\nETH-USDT\nNO-SUCH").text
    assert re.search(r'<noscript><p><a href="/commands/[^"]+">See how far it is</a>', page)


def looks(page: str) -> str:
    """Where the page looks again whether it is so by now; '' where it does not."""
    found = re.search(r'id="look"[^>]*hx-get="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else ""


def test_a_page_that_another_opens_meanwhile_looks_until_it_is_so(
    site: Notified, otto: FlaskClient, removed: str
) -> None:
    vera = come_in(site, VERA)
    page = vera.get(f"{HERE}?q=sol").text
    assert running(page) == f"{STILL} It was told so, and stops that in a moment. BTC-USDT"
    assert "htmx" in page
    again = vera.get(looks(page), headers=HTMX).text
    assert looks(again) == looks(page)
    assert "hx-swap-oob" not in again, "nothing is different, and nothing is drawn anew"
    runs(site, "ETH-USDT", origin=WATCHED)
    answered(site, Status.DONE, "It takes in 1 symbol now: without BTC-USDT.")
    ended = vera.get(looks(page), headers=HTMX).text
    assert '<div id="symbols" hx-swap-oob="outerMorph">' in ended
    assert 'value="sol"' in ended
    assert (running(ended), looks(ended)) == ("", "")


def test_what_ends_by_itself_with_a_restart_is_looked_for_too_and_what_lasts_is_not(
    site: Notified, otto: FlaskClient, removed: str
) -> None:
    answered(site, Status.FAILED, "It goes on as before.")
    page = otto.get(HERE).text
    assert running(page) == f"{STILL} With the next change of this list, or its next start, that stops. BTC-USDT"
    where = looks(page)
    assert where
    runs(site, "ETH-USDT", origin=WATCHED)
    ended = otto.get(where, headers=HTMX).text
    assert '<div id="symbols" hx-swap-oob="outerMorph">' in ended
    assert (running(ended), looks(ended)) == ("", "")
    assert looks(otto.get(HERE).text) == ""
    runs(site, "BTC-USDT", "ETH-USDT", origin="PERSEUS_SYMBOLS")
    assert looks(otto.get(HERE).text) == ""


def test_whoever_asks_how_far_the_own_change_is_does_not_look_besides(otto: FlaskClient, removed: str) -> None:
    assert looks(otto.get(removed).text) == ""

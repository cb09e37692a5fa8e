"""`/network/<exchange>?at=`: one exchange as it was, and no address that silently leads to the present."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from perseus.clock import iso
from perseus.errors import StoreUnavailable
from perseus.network.log.activity import RETENTION_MS
from perseus.network.view.directory import Condition
from perseus.network.view.past import PastNetwork
from tests.web.reading import HTMX, card_words, get, rows, words
from tests.web.views import COINBASE, HOUR, KRAKEN, MINUTE, NOW, FakeDirectory, app_of, event, gone, live, view

AT = NOW - 2 * HOUR
WAS = [gone(Condition.OFFLINE, KRAKEN, "no heartbeat until its lease ended", since_ms=AT - 4 * MINUTE), live(COINBASE)]
EVENTS = [event(KRAKEN, AT - 4 * MINUTE), event(COINBASE, AT - 9 * MINUTE, event="error", error="late", state="active")]
THEN = f"?at={quote(iso(AT), safe='')}"


@pytest.fixture
def directory() -> FakeDirectory:
    was = PastNetwork(view(WAS, EVENTS), AT - 4 * MINUTE, AT + 7 * MINUTE)
    return FakeDirectory(view([live(COINBASE), live(KRAKEN)]), was=was)


def shown(directory: FakeDirectory, path: str = f"/network/kraken{THEN}", **headers: str) -> str:
    response = get(app_of(directory), path, **headers)
    assert response.status_code == 200, words(response.text)
    return response.text


def test_it_says_first_that_this_is_not_now_and_shows_what_was(directory: FakeDirectory) -> None:
    page = shown(directory)
    assert "<title>Kraken at 2026-11-21 12:03:22 UTC</title>" in page
    said = words(page.split("<main")[1])
    assert said.index("This is not now: Kraken as it was at 2026-11-21 12:03:22 UTC.") < said.index("Offline · lost")
    assert "Offline · lost kraken for 4 min" in card_words(page, KRAKEN.id)
    assert "perseus ingest" not in card_words(page, KRAKEN.id)
    assert len(rows(page)) == 1
    assert "4 min ago" in rows(page)[0]
    assert f'id="card-{COINBASE.id}"' not in page


def test_it_is_not_polled_nor_called_live_whoever_asks(directory: FakeDirectory) -> None:
    for page in (shown(directory), shown(directory, **HTMX)):
        assert page.startswith("<!doctype html>")
        assert "data-poll" not in page
        assert "live.js" not in page


def test_it_leads_to_other_moments_of_itself_and_back(directory: FakeDirectory) -> None:
    page = shown(directory)
    steps = dict(re.findall(r'<a class="button" href="(/network[^"]*)">([^<]+)</a>', page.split('id="past"')[1]))
    earlier, changed = quote(iso(AT - HOUR), safe=""), quote(iso(AT + 7 * MINUTE), safe="")
    assert steps[f"/network/kraken?at={earlier}"] == "1 h earlier"
    assert steps[f"/network/kraken?at={changed}"] == "After the next change"
    assert steps["/network/kraken"] == "Back to now"
    assert f'href="/network{THEN}">All exchanges then</a>' in page
    assert f"exchange=kraken&amp;to={quote(iso(AT + 1), safe='')}" in page


def test_a_card_of_a_past_page_leads_to_the_same_moment(directory: FakeDirectory) -> None:
    links = re.findall(r'<h3 id="card-\d+-name"><a href="([^"]+)"', shown(directory, f"/network{THEN}"))
    assert sorted(links) == [f"/network/coinbase{THEN}", f"/network/kraken{THEN}"]
    assert 'href="/network/kraken"' in shown(directory, "/network"), "and one of now to now"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("at=rubbish", "at: must be a time in UTC"),
        (f"at={quote(iso(NOW + 1))}", "at: lies ahead"),
        (f"at={quote(iso(NOW - RETENTION_MS - 1))}", "at: lies more than 90 days back"),
        ("zzz=1", "zzz: no such parameter. Known: live, at, told."),
        ("live=perhaps", "live: must be one of off, on."),
        ("at=2026-11-21&at=2026-11-20", "at: is given more than once."),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(directory: FakeDirectory, query: str, said: str) -> None:
    response = get(app_of(directory), f"/network/kraken?{query}")
    assert response.status_code == 400
    assert said in words(response.text)


def test_a_paused_page_of_now_is_no_past(directory: FakeDirectory) -> None:
    assert "data-poll" in shown(directory, "/network/kraken?live=off&at=")


def test_a_silent_store_is_said_and_nothing_is_made_up(directory: FakeDirectory) -> None:
    directory.trouble = StoreUnavailable("10.1.2.3:6379", "refused")
    response = get(app_of(directory), f"/network/kraken{THEN}")
    assert response.status_code == 503
    assert "10.1.2.3" not in response.text
